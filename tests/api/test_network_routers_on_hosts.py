"""What hosts get to know of routers: which external ranges they have a way to, and which interfaces are off."""

from nova_lite import db
from nova_lite.network.embedded import desired_routers
from nova_lite.objects.desired_router import of_router
from tests.network_service import USERS, service  # noqa: F401


def ways(network_service, user, network):
    """{range: whether hosts have a way to it} of the gateway of a new router on a network."""
    router = network_service.make("router", user, external_gateway_info={"network_id": network["id"]})
    with db.reader() as session:
        body, = desired_routers.bodies(session, [router["id"]]).values()
    return {each.cidr: each.host_access for each in body.gateway.addresses}


def external_for(network_service, user, network, project):
    network_service.make("rbac_policy", user, object_type="network", object_id=network["id"],
                         action="access_as_external", target_tenant=project)


def test_hosts_have_a_way_to_an_external_network_of_everyone(service):  # noqa: F811
    network = service.make("network", "admin", name="public", **{"router:external": True})
    service.make("subnet", "admin", network_id=network["id"], cidr="172.24.4.0/24", ip_version=4)
    assert ways(service, "alice", network) == {"172.24.4.0/24": True}


def test_hosts_have_none_to_one_that_a_project_made_of_its_own(service):  # noqa: F811
    """Its range may be that of a name server, a database or the other external network."""
    for cidr in ("172.24.4.0/24", "8.8.8.0/24"):
        network, _ = service.net(cidr, "erin")
        external_for(service, "erin", network, USERS["erin"][0])
        external_for(service, "erin", network, USERS["finn"][0])
        assert ways(service, "erin", network) == ways(service, "finn", network) == {cidr: False}


def test_an_administrator_may_open_one_to_everyone(service):  # noqa: F811
    network, _ = service.net("10.66.0.0/24", "erin")
    external_for(service, "erin", network, USERS["erin"][0])
    external_for(service, "admin", network, "*")
    assert ways(service, "erin", network) == {"10.66.0.0/24": True}


def test_a_routers_interface_that_is_switched_off_is_so_on_hosts(service):  # noqa: F811
    _, subnet = service.net()
    router = service.make("router")
    path = f"/routers/{router['id']}/add_router_interface"
    port_id = service.call("PUT", path, {"subnet_id": subnet["id"]}).json["port_id"]

    scope = of_router(router["id"])

    def news(since):
        change, = service.facade.desired_state.changes("host1", {scope: since}, {})
        return change.revision, [each.admin_state_up for body in change.routers for each in body.interfaces]
    before, states = news(0)
    assert states == [True]
    assert service.call("PUT", f"/ports/{port_id}", {"port": {"admin_state_up": False}}).status_int == 200
    assert news(before) == (before + 1, [False])
