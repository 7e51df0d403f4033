"""Which microversion a request asks for."""

import pytest

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.microversion import MAXIMUM, MINIMUM, Version
from nova_lite.common import exceptions


@pytest.mark.parametrize("headers, version", [
    ({}, MINIMUM), ({"HTTP_OPENSTACK_API_VERSION": "compute 2.5"}, Version(2, 5)),
    ({"HTTP_OPENSTACK_API_VERSION": "Compute  2.5 "}, Version(2, 5)),
    ({"HTTP_OPENSTACK_API_VERSION": "volume 3.1, compute 2.30"}, Version(2, 30)),
    ({"HTTP_OPENSTACK_API_VERSION": "volume 3.1"}, MINIMUM), ({"HTTP_OPENSTACK_API_VERSION": "compute"}, MINIMUM),
    ({"HTTP_OPENSTACK_API_VERSION": "compute latest"}, MAXIMUM),
    ({"HTTP_X_OPENSTACK_NOVA_API_VERSION": "2.27"}, Version(2, 27)),
    ({"HTTP_OPENSTACK_API_VERSION": "compute 2.5", "HTTP_X_OPENSTACK_NOVA_API_VERSION": "2.30"}, Version(2, 5))])
def test_headers_name_a_version(headers, version):
    assert microversion.requested(headers) == version


@pytest.mark.parametrize("text", ["2", "2.", "2.x", "2.01", "v2.1", "2.1.1", "-2.1", "2.1 junk", "²·1",
                                  "2." + "9" * 5000])
def test_malformed_microversion_headers_are_refused(text):
    with pytest.raises(exceptions.BadRequest, match="is of invalid format"):
        microversion.requested({"HTTP_OPENSTACK_API_VERSION": f"compute {text}"})


@pytest.mark.parametrize("version", [Version(2, 0), Version(1, 99), Version(2, 105), Version(3, 1)])
def test_versions_outside_the_range_are_not_acceptable(version):
    with pytest.raises(exceptions.NotAcceptable) as refused:
        microversion.check(version)
    assert str(refused.value) == f"Version {version} is not supported by the API. Minimum is 2.1 and maximum is 2.104."


def test_versions_compare_as_numbers():
    assert Version(2, 9) < Version(2, 10) < Version(3, 0)
