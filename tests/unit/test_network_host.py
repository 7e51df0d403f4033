"""The host's part as text: what nftables and dnsmasq are told, and what is remembered.  Effects: tests/live."""

import os
import types

import pytest

from nova_lite.common import exception, metadata_caller
from nova_lite.network import manager
from nova_lite.network.host import dhcp, firewall, metadata_proxy
from nova_lite.network.host.fake import FakeHostNetwork
from nova_lite.network.host.state import Port, Segment, Store

NET = "4f7ce51b-d49e-41a4-b197-0aab00000001"
OPTIONS = types.SimpleNamespace(nat=True, anti_spoofing=True)


def port(number=1, network=NET, **more):
    values = {"port_id": f"0000000{number}-1111-4111-8111-111111111111", "server_id": "s", "network_id": network,
              "bridge": "nlb" + network[:11], "tap": f"tap0000000{number}-11", "mac": f"fa:16:3e:00:00:0{number}",
              "mtu": 1500, "hostname": f"vm{number}", "addresses": (
                  {"ip": f"10.1.0.{number}", "cidr": "10.1.0.0/24", "gateway": "10.1.0.254", "dns": [], "dhcp": True,
                   "subnet_id": "abcdefab-cdef-4bcd-8bcd-abcdefabcdef"},)}
    return Port(**values | more)


def segment(*ports):
    return Segment(NET, ports or (port(1), port(2)))


def test_rules_name_every_tap_with_its_mac_and_address():
    text = firewall.ruleset("t", [segment()], OPTIONS, {NET: 4567})
    assert 'elements = { "tap00000001-11" . fa:16:3e:00:00:01 . 10.1.0.1, ' in text
    assert 'iifname "nlb4f7ce51b-d4" ip daddr 169.254.169.254 tcp dport 80 redirect to :4567' in text
    assert 'ip saddr 10.1.0.0/24 ip daddr != 10.1.0.0/24 oifname != "nlb4f7ce51b-d4" masquerade' in text
    assert text.startswith("add table ip t\ndelete table ip t\n")


def test_rules_of_nothing_only_remove():
    assert firewall.ruleset("t", [], OPTIONS, {}) == firewall.nothing("t")
    quiet = types.SimpleNamespace(nat=False, anti_spoofing=False)
    text = firewall.ruleset("t", [segment()], quiet, {})
    assert "masquerade" not in text and "redirect" not in text and "from_guest" not in text


def test_two_clouds_have_two_tables(tmp_path):
    assert firewall.table(tmp_path / "a") != firewall.table(tmp_path / "b")
    assert firewall.table(tmp_path / "a") == firewall.table(tmp_path / "b" / ".." / "a")


def test_dhcp_tells_each_port_its_address_and_name_and_each_subnet_its_routes():
    named = port(2, addresses=({**port(2).addresses[0], "dns": ["9.9.9.9", "8.8.8.8"]},))
    assert dhcp.hosts(segment()) == "fa:16:3e:00:00:01,10.1.0.1,vm1\nfa:16:3e:00:00:02,10.1.0.2,vm2\n"
    assert dhcp.names(segment(), "example") == "10.1.0.1 vm1.example vm1\n10.1.0.2 vm2.example vm2\n"
    options = dhcp.dhcp_options(segment(named))
    assert "option:classless-static-route,169.254.169.254/32,10.1.0.254,0.0.0.0/0,10.1.0.254\n" in options
    assert "option:dns-server,9.9.9.9,8.8.8.8\n" in options
    assert "option:dns-server,10.1.0.254\n" in dhcp.dhcp_options(segment())
    static = port(1, addresses=({**port(1).addresses[0], "dhcp": False},))
    assert dhcp.hosts(segment(static)) == ""


def test_a_name_with_a_domain_keeps_it_and_none_says_more_than_a_name():
    full = segment(port(1, hostname="vm.example.org"))
    assert dhcp.names(full, "novalocal") == "10.1.0.1 vm.example.org vm\n"
    assert dhcp.hosts(full) == "fa:16:3e:00:00:01,10.1.0.1,vm\n"
    mixed = segment(port(1, hostname="updates.example.org", project_id="a"), port(2, hostname="b.novalocal"))
    assert dhcp.names(mixed, "novalocal") == "10.1.0.1 updates.novalocal updates\n10.1.0.2 b.novalocal b\n"
    nic = types.SimpleNamespace(port_id="p", network_id=NET, bridge="b", tap="t", mac="m", mtu=1, addresses=[])
    made = [Port.of(nic, types.SimpleNamespace(id="s", hostname=each, project_id="a")).hostname
            for each in ("a\nfa:16:3e:00:00:09,10.1.0.9", "x,ignore", "...", "ok-1.b")]
    assert made == ["afa163e000009" + "10.1.0.9", "xignore", "guest", "ok-1.b"]


def test_what_is_plugged_is_remembered_over_a_restart(tmp_path):
    store = Store(str(tmp_path))
    store.save(NET, {"a": port(1), "b": port(2)})
    again = Store(str(tmp_path))
    assert again.segments() == [Segment(NET, (port(1), port(2)))]
    again.forget(NET)
    assert Store(str(tmp_path)).networks() == [] and os.listdir(tmp_path) == []


def test_files_of_others_are_not_taken_for_networks(tmp_path):
    (tmp_path / "lost+found").mkdir()
    (tmp_path / NET).mkdir()
    (tmp_path / NET / "ports.json").write_text("{broken")
    assert Store(str(tmp_path)).networks() == []
    with pytest.raises(ValueError):
        Store(str(tmp_path)).directory("../../etc")


def test_a_pid_file_of_somebody_else_is_not_believed(tmp_path):
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert dhcp.running(str(tmp_path)) is None
    (tmp_path / "pid").write_text("nonsense")
    assert dhcp.running(str(tmp_path)) is None


def test_a_url_without_a_secret_is_refused(conf):
    conf.set_override("url", "http://127.0.0.1:1", "metadata")
    with pytest.raises(exception.Misconfigured, match="shared_secret"):
        manager.HostNetwork(conf)


def test_the_proxy_tells_who_asks_and_drops_what_the_guest_claims():
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
    fake = FakeHostNetwork(conf)
    nic = types.SimpleNamespace(port_id="p", mac="m", tap="t", bridge="b", mtu=1)
    server = types.SimpleNamespace(id="s", nics=[nic])
    assert [vif.tap for vif in fake.plug([nic], server)] == ["t"] and fake.plugged == {"p": "s"}
    fake.unplug([nic])
    fake.sync([server])
    assert fake.plugged == {"p": "s"}
