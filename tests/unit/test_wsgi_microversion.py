"""Which microversion a request asks for."""

import pytest

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.microversion import MAXIMUM, MINIMUM, V
from nova_lite.common import exception


@pytest.mark.parametrize("headers, version", [
    ({}, MINIMUM), ({"HTTP_OPENSTACK_API_VERSION": "compute 2.5"}, V(2, 5)),
    ({"HTTP_OPENSTACK_API_VERSION": "Compute  2.5 "}, V(2, 5)),
    ({"HTTP_OPENSTACK_API_VERSION": "volume 3.1, compute 2.30"}, V(2, 30)),
    ({"HTTP_OPENSTACK_API_VERSION": "volume 3.1"}, MINIMUM), ({"HTTP_OPENSTACK_API_VERSION": "compute"}, MINIMUM),
    ({"HTTP_OPENSTACK_API_VERSION": "compute latest"}, MAXIMUM),
    ({"HTTP_X_OPENSTACK_NOVA_API_VERSION": "2.27"}, V(2, 27)),
    ({"HTTP_OPENSTACK_API_VERSION": "compute 2.5", "HTTP_X_OPENSTACK_NOVA_API_VERSION": "2.30"}, V(2, 5))])
def test_headers_name_a_version(headers, version):
    assert microversion.requested(headers) == version


@pytest.mark.parametrize("text", ["2", "2.", "2.x", "2.01", "v2.1", "2.1.1", "-2.1", "2.1 junk", "²·1",
                                  "2." + "9" * 5000])
def test_other_forms_are_refused(text):
    with pytest.raises(exception.BadRequest, match="is of invalid format"):
        microversion.requested({"HTTP_OPENSTACK_API_VERSION": f"compute {text}"})


@pytest.mark.parametrize("version", [V(2, 0), V(1, 99), V(2, 105), V(3, 1)])
def test_versions_outside_the_range_are_not_acceptable(version):
    with pytest.raises(exception.NotAcceptable) as refused:
        microversion.check(version)
    assert str(refused.value) == f"Version {version} is not supported by the API. Minimum is 2.1 and maximum is 2.104."


def test_versions_compare_as_numbers():
    assert V(2, 9) < V(2, 10) < V(3, 0)
