"""What every plane of a host does: the same checks run on the fake one and on Linux.

A subclass gives the fixture ``plane``: ``ask(method, **arguments)`` as tests/live/network_host.py answers it, and
``device(nic)`` and ``no_device(nic)``, by which the device of a guest's NIC comes and goes.
"""

import uuid

import pytest

from nova_lite.network.planes.capabilities import NEEDED, PLANES, Capability
from tests.live.routers import Router

CIDR = "10.199.0.0/24"
HERE = "host:here"


def nic(network_id, last, **more):
    """One NIC as JSON, in the first revision of its port and network."""
    return {"port_id": str(uuid.uuid4()), "network_id": network_id, "mac": f"fa:16:3e:00:00:{last:02x}", "mtu": 1450,
            "revision": 1, "network_revision": 1, "addresses": [
                {"ip": f"10.199.0.{last}", "cidr": CIDR, "gateway": "10.199.0.1", "dhcp": True, "dns": [],
                 "host_access": False}], **more}


def server(*nics):
    return {"id": str(uuid.uuid4()), "hostname": "one", "project": "p", "nics": list(nics)}


def network(network_id, revision, **subnet):
    return {"id": network_id, "revision": revision, "mtu": 1450, "subnets": [
        {"cidr": CIDR, "gateway": "10.199.0.1", "dns": [], "dhcp": True, "host_access": False, **subnet}]}


def rule(**values):
    return {"direction": "ingress", "protocol": "tcp", **values}


class PlaneContract:
    @pytest.fixture
    def net(self):
        return str(uuid.uuid4())

    @pytest.fixture
    def mine(self, net):
        return nic(net, 17)

    @staticmethod
    def applied(plane, *scopes):
        """{scope: (revision, error)}"""
        return {scope: tuple(each) for scope, each in plane.ask("apply", scopes=list(scopes)).items()}

    @staticmethod
    def state(plane, its_nic):
        return plane.ask("ports")[its_nic["port_id"]]

    def test_it_says_what_it_can_do(self, plane):
        assert set(plane.ask("capabilities")) <= set(Capability)
        assert set(plane.ask("capabilities")) in [set(each) for each in PLANES.values()]

    def test_a_plugged_port_works_once_its_device_is_there(self, plane, mine):
        owner = server(mine)
        for _ in range(2):
            assert plane.ask("plug", server=owner) == ["tap" + mine["port_id"][:11]]
        assert self.state(plane, mine) == {
            "server_id": owner["id"], "network_id": mine["network_id"], "revisions": [1, 1], "has_device": False,
            "error": ""}
        plane.device(mine)
        assert self.state(plane, mine)["has_device"]
        plane.no_device(mine)
        assert not self.state(plane, mine)["has_device"]

    def test_nothing_is_left_of_a_network_whose_last_port_was_unplugged(self, plane, net, mine):
        other = nic(net, 18)
        plane.ask("plug", server=server(mine))
        plane.ask("plug", server=server(other))
        plane.ask("unplug", server=server(mine))
        assert set(plane.ask("ports")) == {other["port_id"]} and plane.ask("networks") == [net]
        for _ in range(2):
            plane.ask("unplug", server=server(other))
        found = plane.ask("inspect")
        assert (found["ports"], found["strays"], plane.ask("networks")) == ({}, [], [])
        assert not found["devices"]

    def test_each_scope_that_is_applied_has_its_revision_in_force(self, plane, net, mine):
        owner = server(mine)
        plane.ask("plug", server=owner)
        assert self.applied(
            plane, {"scope": HERE, "revision": 7, "whole": True, "servers": [owner]},
            {"scope": f"network:{net}", "revision": 4, "whole": True, "networks": [network(net, 3)]}) == {
            HERE: (7, ""), f"network:{net}": (4, "")}
        assert self.state(plane, mine)["revisions"] == [1, 3]

    def test_an_older_change_that_comes_late_has_no_effect(self, plane, net, mine):
        plane.ask("plug", server=server(mine))
        scope = {"scope": f"network:{net}", "revision": 4, "whole": False, "networks": [network(net, 3)]}
        self.applied(plane, scope)
        self.applied(plane, scope | {"networks": [network(net, 2)]})
        plane.ask("plug", server=server(mine))
        assert self.state(plane, mine)["revisions"] == [1, 3]

    def test_a_whole_scope_names_all_ports_there_are(self, plane, net, mine):
        other = nic(net, 18)
        plane.ask("plug", server=server(mine))
        assert self.applied(plane, {"scope": HERE, "revision": 1, "whole": True, "servers": [server(other)]}) == {
            HERE: (1, "")}
        assert set(plane.ask("ports")) == {other["port_id"]}
        self.applied(plane, {"scope": HERE, "revision": 2, "whole": False, "gone": [other["port_id"]]})
        assert plane.ask("ports") == {} and plane.ask("networks") == []

    def test_a_scope_that_it_cannot_apply_is_an_error_and_others_are_in_force(self, plane, mine):
        beyond = [kind for kind, what in NEEDED.items() if what not in plane.ask("capabilities")]
        answers = self.applied(
            plane, {"scope": HERE, "revision": 2, "whole": True, "servers": [server(mine)]},
            *({"scope": f"{kind}:{uuid.uuid4()}", "revision": 1, "whole": True} for kind in beyond))
        assert answers.pop(HERE) == (2, "") and len(answers) == len(beyond)
        assert all(revision is None and error for revision, error in answers.values())

    def test_a_gateway_may_be_outside_of_its_subnet(self, plane, net, mine):
        if Capability.OUTSIDE_GATEWAYS not in plane.ask("capabilities"):
            pytest.skip("the plane has no such gateways")
        mine["addresses"][0]["gateway"] = "192.0.2.1"
        plane.ask("plug", server=server(mine))
        plane.device(mine)
        assert self.state(plane, mine)["error"] == ""

        def way(address):
            return [tuple(hop) for hop in plane.ask("trace", port=mine["port_id"], address=address)][2:]
        assert way("192.0.2.1") == [("gateway", "192.0.2.1")]
        assert way("198.51.100.1") == [("gateway", "192.0.2.1"), ("outside", "198.51.100.1")]
        self.applied(plane, {"scope": f"network:{net}", "revision": 4, "whole": True, "networks": [network(net, 3)]})
        assert way("198.51.100.1") == [("gateway", "10.199.0.1"), ("outside", "198.51.100.1")]

    def test_ipv6_leads_to_peers_and_by_routers_and_nowhere_else(self, plane, net, mine):
        if Capability.IPV6 not in plane.ask("capabilities"):
            pytest.skip("the plane has no IPv6")
        other, far = nic(net, 18), nic(str(uuid.uuid4()), 19)
        for each, ip, cidr in ((mine, "fd00:1::17", "fd00:1::/64"), (other, "fd00:1::18", "fd00:1::/64"),
                               (far, "fd00:2::19", "fd00:2::/64")):
            each["addresses"].append({"ip": ip, "cidr": cidr, "gateway": cidr.partition("/")[0], "dhcp": True,
                                      "dns": [], "host_access": False, "ra_mode": "dhcpv6-stateful",
                                      "address_mode": "dhcpv6-stateful"})
            plane.ask("plug", server=server(each))
            plane.device(each)
        assert self.state(plane, mine)["error"] == ""

        def way(address):
            return [tuple(hop) for hop in plane.ask("trace", port=mine["port_id"], address=address)][2:]
        home = ("gateway", "fd00:1::")
        assert way("fd00:1::18") == [("port", other["port_id"])] and way("fd00:1::") == [home]
        assert way("fd00:2::19") == [home, ("nowhere", "no router passes IPv6 on from here")]
        if Capability.ROUTERS in plane.ask("capabilities"):
            router = Router(plane).join(net, "fd00:1::/64", gateway="fd00:1::").join(
                far["network_id"], "fd00:2::/64", gateway="fd00:2::")
            assert all(not error for _, error in router.apply().values())
            assert way("fd00:2::19") == [home, ("router", router.id), ("port", far["port_id"])]
            assert way("2001:db8::1")[-1] == ("nowhere", f"router {router.id} has no gateway")
        assert self.state(plane, mine)["error"] == ""

    @pytest.fixture
    def group(self, plane):
        """The scope of a security group, on a plane that holds them."""
        if Capability.SECURITY_GROUPS not in plane.ask("capabilities"):
            pytest.skip("the plane has no security groups")
        return f"group:{uuid.uuid4()}"

    @staticmethod
    def of_groups(plane, *scopes):
        answers = plane.ask("groups", scopes=[{"revision": 1, **each} for each in scopes])
        return {scope: tuple(each) for scope, each in answers.items()}

    @staticmethod
    def in_groups(its_nic, *scopes):
        return its_nic | {"security_groups": sorted(each.partition(":")[2] for each in scopes)}

    def test_a_port_is_in_force_once_the_rules_of_its_groups_are_known(self, plane, mine, group):
        other = f"group:{uuid.uuid4()}"
        mine = self.in_groups(mine, group, other)
        plane.ask("plug", server=server(mine))
        plane.device(mine)
        assert plane.ask("followed") == {group: False, other: False}
        assert self.state(plane, mine)["error"] and self.state(plane, mine)["has_device"]
        assert self.of_groups(plane, {"scope": group, "whole": True, "rules": []}) == {group: (1, "")}
        assert other.partition(":")[2] in self.state(plane, mine)["error"]
        self.of_groups(plane, {"scope": other, "whole": True, "rules": [rule()]})
        assert self.state(plane, mine)["error"] == ""
        assert plane.ask("followed") == {group: True, other: True}

    def test_a_port_without_port_security_waits_for_no_groups(self, plane, mine, group):
        mine |= {"security_groups": [], "port_security_enabled": False}
        plane.ask("plug", server=server(mine))
        plane.device(mine)
        assert self.state(plane, mine)["error"] == "" and plane.ask("followed") == {}
        packet = ["tcp", "10.199.0.9", "10.199.0.17"]
        assert plane.ask("allows", port=mine["port_id"], direction="ingress", packet=packet)

    def test_a_port_that_is_switched_off_does_not_work_until_it_is_on_again(self, plane, mine):
        if Capability.ADMIN_STATE not in plane.ask("capabilities"):
            pytest.skip("the plane cannot switch ports off")
        owner = server(mine | {"admin_state_up": False})
        plane.ask("plug", server=owner)
        plane.device(mine)
        off = self.state(plane, mine)
        assert (off["has_device"], off["error"], off["revisions"]) == (True, "it is switched off", [1, 1])
        way = plane.ask("trace", port=mine["port_id"], address="10.199.0.1")
        assert tuple(way[-1]) == ("nowhere", "it is switched off")
        owner["nics"] = [mine | {"revision": 2}]
        assert self.applied(plane, {"scope": HERE, "revision": 2, "whole": True, "servers": [owner]}) == {HERE: (2, "")}
        assert self.state(plane, mine)["error"] == ""
        owner["nics"] = [mine | {"revision": 3, "admin_state_up": False}]
        self.applied(plane, {"scope": HERE, "revision": 3, "whole": True, "servers": [owner]})
        assert self.state(plane, mine)["error"] == "it is switched off"

    def test_what_rules_name_is_followed_and_forgotten_with_them(self, plane, mine, group):
        remote, addresses = f"group:{uuid.uuid4()}", f"address_group:{uuid.uuid4()}"
        mine = self.in_groups(mine, group)
        plane.ask("plug", server=server(mine))

        def reaches(source, port=80):
            return plane.ask("allows", port=mine["port_id"], direction="ingress",
                             packet=["tcp", source, "10.199.0.17", 40000, port])
        named = [rule(remote_group=remote.partition(":")[2]),
                 rule(remote_addresses=addresses.partition(":")[2], port_min=22, port_max=22)]
        self.of_groups(plane, {"scope": group, "whole": True, "rules": named})
        assert plane.ask("followed") == {group: True, remote: False, addresses: False}
        members = {"p": ["10.199.0.18"], "q": ["10.9.0.0/28"]}
        assert self.of_groups(
            plane, {"scope": remote, "whole": True, "rules": [], "members": members},
            {"scope": addresses, "whole": True, "addresses": ["192.0.2.0/24"]}) == {remote: (1, ""), addresses: (1, "")}
        assert all(plane.ask("followed").values())
        assert [reaches(each) for each in ("10.199.0.18", "10.9.0.15", "10.9.0.16")] == [True, True, False]
        assert reaches("192.0.2.1", 22) and not reaches("192.0.2.1", 23)
        self.of_groups(plane, {"scope": remote, "members": {"p": ["10.199.0.19"]}, "gone": ["q"]})
        assert [reaches(each) for each in ("10.199.0.18", "10.199.0.19", "10.9.0.15")] == [False, True, False]
        self.of_groups(plane, {"scope": group, "rules": []})
        assert plane.ask("followed") == {group: True} and not reaches("10.199.0.19")
        plane.ask("keep", scopes=[HERE, group])
        self.of_groups(plane, {"scope": group, "rules": named})
        assert plane.ask("followed") == {group: True, remote: False, addresses: False}, "what it had is gone"

    def test_a_port_that_changes_its_groups_has_the_rules_of_those(self, plane, net, mine, group):
        other = f"group:{uuid.uuid4()}"
        mine = self.in_groups(mine, group)
        plane.ask("plug", server=server(mine))
        self.of_groups(plane, {"scope": group, "whole": True, "rules": [rule()]})
        moved = self.in_groups(mine, other) | {"revision": 2}
        self.applied(plane, {"scope": HERE, "revision": 1, "whole": True, "servers": [server(moved)]})
        assert plane.ask("followed") == {other: False}
        packet = ["tcp", "10.199.0.9", "10.199.0.17", 40000, 80]
        assert not plane.ask("allows", port=mine["port_id"], direction="ingress", packet=packet)
        self.applied(plane, {"scope": HERE, "revision": 2, "whole": True, "servers": []})
        assert plane.ask("followed") == {}

    def test_it_says_what_is_there_and_whose(self, plane, mine):
        owner = server(mine)
        plane.ask("plug", server=owner)
        plane.device(mine)
        found = plane.ask("inspect")
        assert found["ports"][mine["port_id"]]["server_id"] == owner["id"]
        assert found["devices"] in (None, ["tap" + mine["port_id"][:11]]) and found["loose"] == []
        lease = f"{mine['mac']},10.199.0.17"
        assert found["leases"] in (None, {lease: mine["port_id"]})

    def test_it_says_which_way_packets_go(self, plane, net, mine):
        other, far = nic(net, 18), nic(str(uuid.uuid4()), 19)
        for each in (mine, other, far):
            plane.ask("plug", server=server(each))

        def way(address):
            return [tuple(hop) for hop in plane.ask("trace", port=mine["port_id"], address=address)]
        device = ("device", "tap" + mine["port_id"][:11])
        assert way("10.199.0.18") == [device, ("nowhere", "the guest's NIC has no device on its network")]
        plane.device(mine)
        there = [device, ("network", net)]
        assert way("10.199.0.18") == [*there, ("nowhere", f"port {other['port_id']} does not work")]
        plane.device(other)
        assert way("10.199.0.18") == [*there, ("port", other["port_id"])]
        assert way("10.199.0.1") == [*there, ("gateway", "10.199.0.1")]
        assert way("10.199.0.19") == [*there, ("nowhere", "10.199.0.19 is no port's here")]
        assert way("192.0.2.1") == [*there, ("gateway", "10.199.0.1"), ("outside", "192.0.2.1")]
        router = Router(plane, str(uuid.uuid4())).join(net).join(far["network_id"], "10.198.0.0/24")
        if "routers" in plane.ask("capabilities"):
            router.float("172.24.4.20", "10.199.0.17").body["routes"] = [
                {"destination": "10.9.0.0/16", "nexthop": "10.198.0.7"}]
            assert all(not error for _, error in router.apply().values())
            routed = [*there, ("gateway", "10.199.0.1"), ("router", router.id)]
            assert way("10.198.0.1") == [*routed, ("gateway", "10.198.0.1")]
            assert way("10.9.1.1") == [*routed, ("next_hop", "10.198.0.7")]
            own = ("floating_ip", "172.24.4.20")
            assert way("192.0.2.1") == [*routed, own, ("outside", "192.0.2.1")]
            router.floating["172.24.4.20"]["port_id"] = mine["port_id"]
            router.apply()
            assert way("172.24.4.20") == [*routed, own, own, ("port", mine["port_id"])]
            for off, to in ((router.body["interfaces"][0], "192.0.2.1"), (router.body["interfaces"][1], "10.198.0.1"),
                            (router.body["gateway"], "192.0.2.1")):
                off["admin_state_up"] = False
                router.apply()
                assert way(to) == [*routed, ("nowhere", f"port {off['port_id']} of the router is switched off")]
                off["admin_state_up"] = True
            router.body["admin_state_up"] = False
            router.apply()
            assert way("192.0.2.1") == [*routed, ("nowhere", f"router {router.id} is down")]
        with pytest.raises(Exception, match="is not on this host"):
            plane.ask("trace", port=str(uuid.uuid4()), address="10.199.0.1")
