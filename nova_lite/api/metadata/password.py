"""The password that a guest makes and leaves for its owner, sealed with the owner's key: given once, then only read."""

from nova_lite.common import instance_metadata, integers

NAME = "password"
LONGEST = 1020              # bytes; a 4096 bit key's seal in base64 is 684
_SINCE = instance_metadata.VERSIONS[1]
_TEXT = "text/plain; charset=UTF-8"


def is_at(parts):
    """Whether the parts of a path lead to it."""
    return len(parts) == 3 and parts[0] == "openstack" and parts[2] == NAME and in_version(parts[1])


def in_version(version):
    return version == instance_metadata.LATEST or (version in instance_metadata.VERSIONS and version >= _SINCE)


def answer(environ, guests, server_id):
    """(status, body, content type) to GET, HEAD or POST.

    200; 409: it left one before.  400: it is too long or no text.
    """
    if environ["REQUEST_METHOD"] != "POST":
        return "200 OK", (guests.password(server_id) or "").encode(), _TEXT
    length = integers.short(environ.get("CONTENT_LENGTH") or "0")
    if length is None or length > LONGEST:
        return "400 Bad Request", b"Request is too large.\n", _TEXT
    try:
        sent = environ["wsgi.input"].read(length)
        text = sent.decode()
    except UnicodeDecodeError:
        return "400 Bad Request", b"The password is no text.\n", _TEXT
    if len(sent) < length:
        return "400 Bad Request", b"The password broke off.\n", _TEXT
    if "\0" in text:
        return "400 Bad Request", b"The password is no text.\n", _TEXT
    if not guests.leave_password(server_id, text):
        return "409 Conflict", b"There is a password already.\n", _TEXT
    return "200 OK", b"", _TEXT
