"""Segments of networks, which are all local."""

import pytest

from tests.api.test_network_api import NOWHERE, refused
from tests.network_service import service  # noqa: F401


@pytest.fixture
def network(service):  # noqa: F811
    return service.make("network", name="n")


def test_a_network_has_a_segment_from_its_beginning(service, network):  # noqa: F811
    found, = service.find(f"/segments?network_id={network['id']}", "admin")
    assert found == {
        "id": found["id"], "network_id": network["id"], "name": None, "description": "", "network_type": "local",
        "physical_network": None, "segmentation_id": None, "revision_number": 1, "tags": [],
        "created_at": found["created_at"], "updated_at": found["updated_at"]}
    assert service.find(f"/segments/{found['id']}", "admin") == found
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 204
    assert service.find("/segments", "admin") == []


def test_the_segment_of_a_network_on_a_physical_one_is_flat(service, conf):  # noqa: F811
    conf.set_override("physical_networks", {"physnet1": "eth1"}, "network")
    made = service.make("network", "admin", **{"provider:network_type": "flat",
                                               "provider:physical_network": "physnet1"})
    found, = service.find(f"/segments?network_id={made['id']}&physical_network=physnet1", "admin")
    assert (found["network_type"], found["physical_network"], found["segmentation_id"]) == ("flat", "physnet1", None)


def test_segments_are_made_changed_and_deleted(service, network):  # noqa: F811
    made = service.make("segment", "admin", network_id=network["id"], network_type="local", name="s", description="d",
                        segmentation_id=0, tags=["t"])
    assert (made["name"], made["description"], made["segmentation_id"], made["tags"]) == ("s", "d", None, ["t"])
    path = f"/segments/{made['id']}"
    changed = service.call("PUT", path, {"segment": {"name": None, "description": "e"}}, "admin").json["segment"]
    assert (changed["name"], changed["description"], changed["revision_number"]) == (None, "e", 2)
    refused(service.call("PUT", path, {"segment": {"name": "x"}}, "admin", If_Match="revision_number=1"), 412,
            "RevisionNumberConstraintFailed")
    assert service.call("PUT", f"{path}/tags/a", user="admin").status_int == 201
    assert [each["id"] for each in service.find("/segments?tags=a,t", "admin")] == [made["id"]]
    assert service.call("DELETE", path, user="admin").status_int == 204
    refused(service.call("GET", path, user="admin"), 404, "SegmentNotFound",
            f"Segment {made['id']} could not be found.")
    last, = service.find("/segments", "admin")
    refused(service.call("DELETE", f"/segments/{last['id']}", user="admin"), 409, "SegmentInUse",
            f"Segment '{last['id']}' cannot be deleted: Network {network['id']} has no other segment.")


def test_segments_of_other_types_are_refused(service, network):  # noqa: F811
    for said, words in (({"network_type": "geneve", "segmentation_id": 5}, "network_type value 'geneve' not supported"),
                        ({"network_type": "local", "segmentation_id": 5},
                         "segmentation_id prohibited for local provider network"),
                        ({"network_type": "local", "physical_network": "p"},
                         "physical_network prohibited for local provider network")):
        refused(service.call("POST", "/segments", {"segment": {"network_id": network["id"], **said}}, "admin"), 400,
                "InvalidInput", words)
    refused(service.call("POST", "/segments", {"segment": {"network_id": NOWHERE, "network_type": "local"}}, "admin"),
            404, "NetworkNotFound", NOWHERE)
    for body in ({"network_type": "local"}, {"network_id": network["id"]},
                 {"network_id": network["id"], "network_type": None}):
        assert service.call("POST", "/segments", {"segment": body}, "admin").status_int == 400
    path = f"/segments/{service.find('/segments', 'admin')[0]['id']}"
    for body in ({"network_type": "vlan"}, {"network_id": network["id"]}, {"segmentation_id": 4}):
        assert service.call("PUT", path, {"segment": body}, "admin").status_int == 400


def test_segments_are_for_operators(service, network):  # noqa: F811
    one, = service.find("/segments", "admin")
    assert service.find("/segments") == []
    path, body = f"/segments/{one['id']}", {"segment": {"name": "n"}}
    refused(service.call("POST", "/segments", {"segment": {"network_id": network["id"], "network_type": "local"}}), 403,
            "PolicyNotAuthorized", "create_segment")
    for method, rest, sent in (("GET", "", None), ("PUT", "", body), ("DELETE", "", None), ("GET", "/tags", None),
                               ("PUT", "/tags/a", None)):
        refused(service.call(method, path + rest, sent), 404, "HTTPNotFound")
        refused(service.call(method, path + rest, sent, "bob"), 404, "SegmentNotFound")


def test_operators_see_that_subnets_are_of_no_segment(service, network):  # noqa: F811
    said = {"network_id": network["id"], "cidr": "10.1.0.0/24", "ip_version": 4}
    made = service.make("subnet", **said)
    assert "segment_id" not in made
    path = f"/subnets/{made['id']}"
    assert service.find(path, "admin")["segment_id"] is None
    assert len(service.find("/subnets?segment_id=")) == 1 and service.find(f"/subnets?segment_id={NOWHERE}") == []
    second = said | {"cidr": "10.2.0.0/24", "segment_id": service.find("/segments", "admin")[0]["id"]}
    refused(service.call("POST", "/subnets", {"subnet": second}), 403, "PolicyNotAuthorized", "segment_id")
    refused(service.call("POST", "/subnets", {"subnet": second}, "admin"), 400, "InvalidInput", "segment_id")
    assert service.call("POST", "/subnets", {"subnet": second | {"segment_id": None}}, "admin").status_int == 201
