"""The routers of a host: merged, followed, and kept in files."""

from nova_lite.network.planes.routing import RouterFiles, Routing
from nova_lite.objects.desired_router import (
    DesiredFloatingIp,
    DesiredRouter,
    DesiredRouterPort,
    RouterChanges,
    of_router,
)
from nova_lite.objects.desired_state import DesiredNetwork, of_network

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def router(router_id, *network_ids):
    return DesiredRouter.make(
        id=router_id, revision=1, project_id="p", admin_state_up=True, snat=True, gateway=None, routes=[], interfaces=[
            DesiredRouterPort.make(port_id="p", network_id=each, mac="m", mtu=1500, addresses=[])
            for each in network_ids])


def floating(ip):
    return DesiredFloatingIp.make(id=f"id of {ip}", revision=1, router_id=ONE, network_id="n", ip=ip, mac="m",
                                  fixed_ip="10.0.0.4", port_id="p", forwardings=[])


def change(*, routers=(), floating_ips=(), gone=(), whole=False):
    return RouterChanges.make(scope=of_router(ONE), revision=1, whole=whole, more=False, routers=list(routers),
                              floating_ips=list(floating_ips), gone=list(gone))


def test_changes_are_merged_and_a_whole_scope_replaces_what_was():
    routing = Routing()
    routing.take(change(routers=[router(ONE, "a")], floating_ips=[floating("1"), floating("2")], whole=True))
    routing.take(change(floating_ips=[floating("3")], gone=["id of 1"]))
    assert set(routing.floating[ONE]) == {"id of 2", "id of 3"} and routing.routers[ONE].interfaces
    routing.take(change(routers=[router(ONE)], whole=True))
    assert routing.floating[ONE] == {} and not routing.routers[ONE].interfaces
    routing.take(change(gone=[ONE]))
    assert (routing.routers, routing.floating) == ({}, {})


def test_without_a_conductor_a_network_has_the_routers_that_say_so():
    routing = Routing({ONE: router(ONE, "a", "b"), TWO: router(TWO, "c")})
    assert routing.follows(["a"], {}) == {of_network("a"), of_network("b"), of_router(ONE)}
    known = {"b": DesiredNetwork.make(id="b", revision=1, mtu=1500, subnets=[], routers=[ONE, TWO])}
    assert routing.reached(["a"], known) == ({"a", "b", "c"}, {ONE, TWO})
    assert routing.reached(["a"], {"a": DesiredNetwork.make(id="a", routers=[])}) == ({"a"}, set())


def test_files_say_what_was_saved(tmp_path):
    files = RouterFiles(str(tmp_path / "network"))
    assert files.load().routers == {}
    files.save(Routing({ONE: router(ONE, "a"), TWO: router(TWO)}, {ONE: {"id of 1": floating("1")}}))
    found = RouterFiles(str(tmp_path / "network")).load()
    assert set(found.routers) == {ONE, TWO} and found.routers[ONE].interfaces[0].network_id == "a"
    assert found.floating[ONE]["id of 1"].fixed_ip == "10.0.0.4"
    files.save(Routing({TWO: router(TWO)}))
    assert set(RouterFiles(str(tmp_path / "network")).load().routers) == {TWO}
    (tmp_path / "network" / f"router-{TWO}.json").write_text("{")
    assert RouterFiles(str(tmp_path / "network")).load().routers == {}
    files.save(Routing())
    assert list((tmp_path / "network").iterdir()) == []
