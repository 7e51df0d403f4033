"""Compute API microversions: comparing them, and reading the one a request asks for.

https://specs.openstack.org/openstack/api-wg/guidelines/microversion_specification.html
"""

import functools
import re
from typing import NamedTuple

from nova_lite.common import exceptions

#: No longer than Python reads as a number.
_FORM = re.compile(r"([1-9]\d{0,999})\.([1-9]\d{0,999}|0)", re.ASCII)


class Version(NamedTuple):
    """A microversion; compares as its two numbers do."""

    major: int
    minor: int

    def __str__(self):
        return f"{self.major}.{self.minor}"


MINIMUM = Version(2, 1)
MAXIMUM = Version(2, 104)


class InvalidVersionString(exceptions.BadRequest):
    template = "API Version String {version} is of invalid format. Must be of format MajorNum.MinorNum."


class UnknownVersion(exceptions.NotAcceptable):
    template = "Version {version} is not supported by the API. Minimum is {minimum} and maximum is {maximum}."


@functools.lru_cache(maxsize=512)
def parse(text):
    """The Version that "2.19" names.

    :raises InvalidVersionString: it is not MAJOR.MINOR.
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise InvalidVersionString(version=text)
    return Version(int(match[1]), int(match[2]))


def requested(environ):
    """The Version that a request's headers ask for; without any, the oldest.  It may be one that is not offered.

    :raises InvalidVersionString: a header names something else than MAJOR.MINOR or "latest".
    """
    text = _from_header(environ.get("HTTP_OPENSTACK_API_VERSION"))
    if text is None:
        text = (environ.get("HTTP_X_OPENSTACK_NOVA_API_VERSION") or "").strip()
    if not text:
        return MINIMUM
    if text.lower() == "latest":
        return MAXIMUM
    return parse(text)


def check(version):
    """:raises UnknownVersion: ``version`` is not offered."""
    if not MINIMUM <= version <= MAXIMUM:
        raise UnknownVersion(version=version, minimum=MINIMUM, maximum=MAXIMUM)


def headers(version):
    """Response headers that name the version of the answer."""
    text = str(version)
    return [("OpenStack-API-Version", f"compute {text}"), ("X-OpenStack-Nova-API-Version", text),
            ("Vary", "OpenStack-API-Version"), ("Vary", "X-OpenStack-Nova-API-Version")]


def _from_header(header):
    """The version of service "compute" in "compute 2.19, volume 3.5"; None if it is not there."""
    if not header:
        return None
    found = None
    for part in header.split(","):
        service, _, version = part.strip().partition(" ")
        if service.lower() == "compute" and version.strip():
            found = version.strip()
    return found
