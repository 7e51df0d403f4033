"""The ``format`` words of request schemas, with Nova's meaning; each is a function from text to bool."""

import base64
import binascii
import re
import unicodedata
import uuid
from urllib.parse import urlsplit

from oslo_utils import timeutils

from nova_lite.common import ip_text
from nova_lite.common.regular_expressions import LONGEST

#: Why a name is refused, in the words Nova uses.
REASONS = {
    "name": "printable characters. Can not start or end with whitespace.",
    "name_with_leading_trailing_spaces": "printable characters with at least one non space character",
    "az_name": "printable characters except :.Can not start or end with whitespace.",
    "az_name_with_leading_trailing_spaces": "printable characters except :, with at least one non space character",
}


def is_uuid(text):
    """As oslo.utils reads a UUID: braces, "urn:uuid:" and any case are fine, other text is not."""
    bare = text.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "").lower()
    try:
        return uuid.UUID(text).hex == bare
    except ValueError:
        return False


def _printable(character):
    kind = unicodedata.category(character)
    return kind[0] != "C" and (kind[0] != "Z" or kind == "Zs")


def _blank(character):
    return unicodedata.category(character) == "Zs"


def _spaced_name(text):
    return all(map(_printable, text)) and not all(map(_blank, text))


def _name(text):
    """The empty name passes: it is minLength that refuses it."""
    return not text or (all(map(_printable, text)) and not _blank(text[0]) and not _blank(text[-1]))


def _base64(text):
    try:
        base64.b64decode(text.encode())
    except (binascii.Error, ValueError):
        return False
    return True


def _cidr(text):
    if "/" not in text or re.search(r"\s", text):
        return False
    try:
        ip_text.network(text)
    except ValueError:
        return False
    return True


def _date_time(text):
    """A moment that is within the years 1 to 9999 in UTC, too."""
    try:
        timeutils.normalize_time(timeutils.parse_isotime(text))
    except (ValueError, OverflowError):
        return False
    return True


def _regex(text):
    """Long ones take long to read; who filters by them refuses them unread."""
    if not text:
        return False                        # it matches anything, so it filters nothing
    if len(text) > LONGEST:
        return True
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _uri(text):
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not re.search(r"[\s<>\"{}|\\^`]", text)


def _address(*versions):
    def check(text):
        try:
            return ip_text.address(text).version in versions
        except ValueError:
            return False
    return check


FORMATS = {
    "name": _name,
    "name_with_leading_trailing_spaces": _spaced_name,
    "az_name": lambda text: _name(text) and ":" not in text,
    "az_name_with_leading_trailing_spaces": lambda text: _spaced_name(text) and ":" not in text,
    "base64": _base64,
    "cidr": _cidr,
    "date-time": _date_time,
    "description": lambda text: all(map(_printable, text)),
    "ip": _address(4, 6),
    "ipv4": _address(4),
    "ipv6": _address(6),
    "regex": _regex,
    "uri": _uri,
    "uuid": is_uuid,
}
