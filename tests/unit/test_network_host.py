"""The host's part as text: the input of nftables and dnsmasq, and what is remembered.  Effects: tests/live."""

import dataclasses
import ipaddress
import os
import types

import pytest

from nova_lite.common import exceptions, kernel_routes, metadata_caller
from nova_lite.network.planes.fake import FakePlane
from nova_lite.network.planes.linux import dhcp, firewall, gateway, metadata_proxy, plane, surroundings, transit
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.parts import Parts, cloud_of, owner
from nova_lite.network.planes.linux.surroundings import Surroundings
from nova_lite.network.planes.state import Port, Segment, Store, write

NET = "4f7ce51b-d49e-41a4-b197-0aab00000001"
OPTIONS = types.SimpleNamespace(nat=True, transit_range="169.254.64.0/18", reachable_ranges=[])


def port(number=1, network=NET, **more):
    values = {"port_id": f"0000000{number}-1111-4111-8111-111111111111", "server_id": "s", "network_id": network,
              "bridge": "nlb" + network[:11], "tap": f"tap0000000{number}-11", "mac": f"fa:16:3e:00:00:0{number}",
              "mtu": 1500, "hostname": f"vm{number}", "addresses": (
                  {"ip": f"10.1.0.{number}", "cidr": "10.1.0.0/24", "gateway": "10.1.0.254", "dns": [], "dhcp": True,
                   "subnet_id": "abcdefab-cdef-4bcd-8bcd-abcdefabcdef"},)}
    return Port(**values | more)


def segment(*ports):
    return Segment(NET, ports or (port(1), port(2)))


def around(**more):
    values = {"own": (ipaddress.ip_network("10.0.0.5/32"),), "near": (), "servers": (("9.9.9.9", 53),)}
    return Surroundings(**values | more)


def host_rules(options=OPTIONS, seen=None, segments=None):
    segments = [segment()] if segments is None else segments
    return firewall.ruleset("t", segments, {NET: Parts("t", NET)}, options, seen or around())


def test_rules_close_every_bridge_and_hide_every_link():
    text = host_rules()
    assert 'ingress device "nlb4f7ce51b-d4" priority -500; policy accept;\n    drop' in text
    assert 'ip saddr 169.254.64.0/18 oifname != "nlt*" oifname != "lo" masquerade' in text
    assert text.startswith("add table ip t\ndelete table ip t\n")


def test_rules_without_networks_only_remove_the_table():
    assert host_rules(segments=[]) == firewall.nothing("t")


def test_dns_is_redirected_only_to_a_resolver_on_the_loopback():
    assert "dnat" not in host_rules()
    assert "dnat" not in host_rules(seen=around(servers=(("127.0.0.53", 53), ("9.9.9.9", 53))))
    alone = around(servers=(("127.0.0.53", 5353),))
    assert "dnat to 127.0.0.53:5353" in host_rules(seen=alone)
    assert alone.asked_from("169.254.64.2") == ("169.254.64.2",)
    assert around().asked_from("169.254.64.2") == ("9.9.9.9#53",)


def test_a_namespace_refuses_before_it_passes_on():
    text = gateway.ruleset(["10.1.0.254"], (), ("10.1.0.0/24",), OPTIONS, around())
    assert text.index("ip daddr @own reject") < text.index('oifname "wan" accept')
    assert 'ip saddr 169.254.64.0/18 ip daddr { 10.1.0.0/24 } accept' in text
    closed = gateway.ruleset(["10.1.0.254"], (), (), types.SimpleNamespace(**vars(OPTIONS) | {"nat": False}), around())
    assert 'oifname "wan" accept' not in closed and 'ip saddr 169.254.64.0/18 ip daddr {' not in closed


def test_names_of_devices_differ_between_two_clouds(tmp_path):
    assert cloud_of(tmp_path / "a") != cloud_of(tmp_path / "b")
    assert cloud_of(tmp_path / "a") == cloud_of(tmp_path / "b" / ".." / "a")
    mine = Parts(cloud_of(tmp_path), NET)
    assert owner(mine.cloud, mine.mark) == owner(mine.cloud, mine.namespace) == NET
    assert owner("another", mine.mark) is owner("another", mine.namespace) is owner(mine.cloud, None) is None
    assert all(len(each) < 16 for each in (mine.bridge, mine.port, mine.link))


def test_links_get_addresses_that_no_route_reaches(monkeypatch):
    transit_range, used = ipaddress.ip_network("169.254.64.0/29"), []
    monkeypatch.setattr(kernel_routes, "present", lambda: [ipaddress.ip_network(each) for each in used])
    used.append("169.254.0.0/16")           # what zeroconf adds says nothing of its parts
    while len(used) < 5:
        used.append(f"{transit.choose(transit_range, NET)}/31")
    assert sorted(used[1:]) == [f"169.254.64.{each}/31" for each in (0, 2, 4, 6)]
    with pytest.raises(HostNetworkError, match="transit_range"):
        transit.choose(transit_range, NET)
    used[:] = ["169.254.64.0/30"]
    assert transit.choose(transit_range, NET) >= ipaddress.ip_address("169.254.64.4")


def test_a_way_in_is_for_marked_ranges_within_those_of_the_operator():
    def range_of(number, cidr, marked):
        return port(number, addresses=({**port().addresses[0], "cidr": cidr, "host_access": marked},))
    ports = (range_of(1, "10.1.0.0/24", True), range_of(2, "10.2.0.0/24", False), range_of(3, "10.0.0.0/8", True))
    assert segment(*ports).access(["10.0.0.0/14"]) == ("10.1.0.0/24",)
    assert segment(*ports).access([]) == ()


def test_name_servers_are_read_from_the_first_file_that_exists(tmp_path):
    resolved, plain = tmp_path / "resolved", tmp_path / "plain"
    plain.write_text("# nameserver 9.9.9.9\nsearch x\nnameserver 127.0.0.53\nnameserver fd00::1\n")
    assert surroundings.name_servers((str(resolved), str(plain))) == ("127.0.0.53",)
    resolved.write_text("nameserver 10.0.0.53\nnameserver nonsense\nnameserver\n")
    assert surroundings.name_servers((str(resolved), str(plain))) == ("10.0.0.53",)
    assert surroundings.name_servers((str(tmp_path / "none"),)) == ()


def test_addresses_in_the_configuration_are_blocked_for_guests(conf):
    conf.set_override("connection", "mysql+pymysql://u:p@10.9.0.1:3306/nova_lite", "database")
    conf.set_override("url", "http://10.9.0.2:8775/x", "metadata")
    conf.set_override("novncproxy_host", "10.9.0.3", "vnc")
    conf.set_override("my_ip", "10.9.0.4")
    assert {"10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4"} <= surroundings._literals(conf)
    assert list(surroundings._hosts("rabbit://a:b@10.9.0.5:5672,c:d@[fd00::1]:5672,e@broker/v")) == [
        "10.9.0.5", "fd00::1", "broker"]
    assert surroundings.resolve(conf, {}) == {}


def test_dhcp_has_the_address_and_name_of_each_port_and_routes_of_each_subnet():
    named = port(2, addresses=({**port(2).addresses[0], "dns": ["9.9.9.9", "8.8.8.8"]},))
    assert dhcp.hosts(segment(), "example") == ("fa:16:3e:00:00:01,10.1.0.1,vm1.example\n"
                                                "fa:16:3e:00:00:02,10.1.0.2,vm2.example\n")
    assert dhcp.names(segment(), "example") == "10.1.0.1 vm1.example vm1\n10.1.0.2 vm2.example vm2\n"
    options = dhcp.dhcp_options(segment(named))
    assert "option:classless-static-route,169.254.169.254/32,10.1.0.254,0.0.0.0/0,10.1.0.254\n" in options
    assert "option:dns-server,9.9.9.9,8.8.8.8\n" in options
    assert "option:dns-server,10.1.0.254\n" in dhcp.dhcp_options(segment())
    static = port(1, addresses=({**port(1).addresses[0], "dhcp": False},))
    assert dhcp.hosts(segment(static), "example") == ""


def test_a_port_with_options_of_its_own_gets_them_after_its_subnets():
    options = ({"name": "bootfile-name", "value": "pxelinux.0"}, {"name": "150", "value": "10.1.0.9,10.1.0.10"},
               {"name": "server-ip-address", "value": "10.1.0.9"}, {"name": "router", "value": ""})
    one = dataclasses.replace(port(1), dhcp_options=options)
    both = segment(one, port(2))
    tag = f"p{one.port_id.replace('-', '')[:12]}"
    assert dhcp.hosts(both, "example") == (f"fa:16:3e:00:00:01,10.1.0.1,set:{tag},vm1.example\n"
                                           "fa:16:3e:00:00:02,10.1.0.2,vm2.example\n")
    assert dhcp.dhcp_options(both) == dhcp.dhcp_options(segment(port(1), port(2))) + (
        f"tag:{tag},67,pxelinux.0\ntag:{tag},150,10.1.0.9,10.1.0.10\n"
        f"tag:{tag},option:server-ip-address,10.1.0.9\ntag:{tag},3\n")


@pytest.mark.parametrize(("name", "value"), [
    ("nonsense", "1"), ("54", "10.0.0.1"), ("255", "x"), ("0", "x"), ("1000", "x"), ("option:router", "x"), ("", "x"),
    ("tag:other", "x"), ("encap:1", "x"), ("6,3", "x"), ("66", "a\nb"), ("66", 'a"'), ("66", "a #b"), ("66", "a\\b"),
    ("66", " a"), ("66", "\x00"), ("66", "\u00e9")])
def test_what_dnsmasq_would_read_otherwise_is_not_written(name, value):
    one = dataclasses.replace(port(1), dhcp_options=({"name": name, "value": value},))
    assert dhcp.dhcp_options(segment(one)) == dhcp.dhcp_options(segment(port(1)))


def test_dns_names_are_off_in_networks_of_several_projects():
    one = port(1, hostname="updates.example.org", project_id="a")
    mixed = segment(one, port(2, hostname="b.novalocal", project_id="b"))
    assert dhcp.names(mixed, "novalocal") == "" and dhcp.names(segment(one), "novalocal") != ""
    tags = [line.rpartition(",set:")[2] for line in dhcp.hosts(mixed, "novalocal").splitlines()]
    assert len(set(tags)) == 2 and "updates" not in dhcp.hosts(mixed, "novalocal")
    options = dhcp.dhcp_options(mixed)
    assert f"tag:{tags[0]},12,updates\n" in options and f"tag:{tags[1]},12,b\n" in options
    assert ",12," not in dhcp.dhcp_options(segment(one))


def test_a_name_with_a_domain_keeps_it_and_none_says_more_than_a_name():
    full = segment(port(1, hostname="vm.example.org"))
    assert dhcp.names(full, "novalocal") == "10.1.0.1 vm.example.org vm\n"
    assert dhcp.hosts(full, "novalocal") == "fa:16:3e:00:00:01,10.1.0.1,vm.novalocal\n"
    nic = types.SimpleNamespace(port_id="p", network_id=NET, bridge="b", tap="t", mac="m", mtu=1, addresses=[],
                                revisions=(0, 0), groups=None, secured=True,
                                later={"allowed_pairs": (), "dhcp_options": (), "qos": {}}.get)
    made = [Port.of(nic, types.SimpleNamespace(id="s", hostname=each, project_id="a")).hostname
            for each in ("a\nfa:16:3e:00:00:09,10.1.0.9", "x,ignore", "...", "ok-1.b")]
    assert made == ["afa163e000009" + "10.1.0.9", "xignore", "guest", "ok-1.b"]


def test_plugged_ports_are_remembered_over_a_restart(tmp_path):
    store = Store(str(tmp_path))
    store.save(NET, {"a": port(1), "b": port(2)})
    again = Store(str(tmp_path))
    assert again.segments() == [Segment(NET, (port(1), port(2)))]
    os.unlink(tmp_path / NET / "ports.json")
    assert Store(str(tmp_path)).networks() == [NET], "half removed, so that what is left is found"
    again.forget(NET)
    assert Store(str(tmp_path)).networks() == [] and os.listdir(tmp_path) == []


def test_files_of_others_are_not_taken_for_networks(tmp_path):
    (tmp_path / "lost+found").mkdir()
    (tmp_path / NET).mkdir()
    (tmp_path / NET / "ports.json").write_text("{broken")
    assert Store(str(tmp_path)).networks() == []
    with pytest.raises(ValueError):
        Store(str(tmp_path)).directory("../../etc")


def test_a_pid_file_that_names_another_process_is_ignored(tmp_path):
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert dhcp.running(str(tmp_path)) is None
    (tmp_path / "pid").write_text("nonsense")
    assert dhcp.running(str(tmp_path)) is None


def test_a_url_without_a_secret_is_refused(conf):
    conf.set_override("url", "http://127.0.0.1:1", "metadata")
    with pytest.raises(exceptions.Misconfigured, match="shared_secret"):
        plane.LinuxPlane(conf)


def test_the_metadata_proxy_identifies_the_caller_and_drops_forged_headers():
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        return []
    environ = {"REMOTE_ADDR": "10.1.0.1", "HTTP_X_FORWARDED_FOR": "10.1.0.2", "HTTP_X_INSTANCE_ID": "1",
               "HTTP_FORWARDED": "for=1", "HTTP_X_NOVA_LITE_SIGNATURE": "x", "HTTP_HOST": "169.254.169.254",
               metadata_caller.ADDRESS: "10.1.0.9"}
    metadata_proxy.identified(app, NET)(environ, None)
    assert (seen[metadata_caller.NETWORK_ID], seen[metadata_caller.ADDRESS]) == (NET, "10.1.0.1")
    assert [each for each in seen if each.startswith("HTTP_")] == ["HTTP_HOST"]


def test_the_fake_remembers_and_does_nothing(conf):
    fake = FakePlane(conf)
    nic = types.SimpleNamespace(port_id="p", network_id=NET, mac="m", tap="t", bridge="b", mtu=1, addresses=[],
                                revisions=(1, 1), groups=(), secured=True,
                                later={"allowed_pairs": (), "dhcp_options": (), "qos": {}}.get)
    server = types.SimpleNamespace(id="s", hostname="s", project_id="a", nics=[nic])
    assert [vif.tap for vif in fake.plug([nic], server)] == ["t"] and fake.plugged == {"p": "s"}
    assert fake.networks() == [NET]
    fake.unplug([nic])
    assert fake.plugged == {} and fake.networks() == []


def test_files_are_read_by_nobody_else(tmp_path):
    store = Store(str(tmp_path / "network"))
    store.save(NET, {"a": port(1)})
    modes = {each.name: oct(each.stat().st_mode & 0o777) for each in (tmp_path / "network").rglob("*")}
    assert modes == {NET: "0o711", "ports.json": "0o600"}
    assert oct((tmp_path / "network").stat().st_mode & 0o777) == "0o711"
    path = tmp_path / "shown"
    path.write_text("x")
    path.chmod(0o644)
    assert write(str(path), "x"), "an earlier release's"
    assert oct(path.stat().st_mode & 0o777) == "0o600" and not write(str(path), "x")
