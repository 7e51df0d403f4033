"""Host names from what users call their servers."""

import re

_LABEL = 63


def from_name(name, server_id):
    """A host name (RFC 1123, one label) for a server: its name with what does not fit dropped.

    A name with nothing that fits ("???") gives "Server-" and the server's id, as Nova does.
    """
    text = re.sub(r"[ _.]", "-", name).lower()
    text = re.sub(r"[^a-z0-9-]", "", text).strip("-")[:_LABEL].strip("-")
    return text or f"Server-{server_id}"
