"""What makes routers (service-providers)."""

from tests.network_service import service  # noqa: F401


def test_the_data_plane_makes_routers(service):  # noqa: F811
    one = {"service_type": "L3_ROUTER_NAT", "name": "fake", "default": True}
    assert service.find("/service-providers") == [one]
    for query, wanted in (("service_type=L3_ROUTER_NAT", [one]), ("service_type=VPN", []),
                          ("name=fake&default=1", [one]), ("default=False", []),
                          ("name=ovn&name=fake&fields=name", [{"name": "fake"}])):
        assert service.find(f"/service-providers?{query}") == wanted, query
    for wrong in ("bogus=1", "default=perhaps"):
        assert service.call("GET", f"/service-providers?{wrong}").status_int == 400, wrong
    assert "service_providers" in {each["collection"] for each in service.find("/")}
    assert service.call("GET", "/extensions/service-type").status_int == 200
