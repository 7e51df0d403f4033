"""Names as they are compared where case does not matter."""

import unicodedata


def folded(name):
    """A name without case, outer spaces and the ways Unicode has to write one character."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())
