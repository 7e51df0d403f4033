"""Guests whose interfaces changed while their host died and their state was reset: the NICs follow the ports."""

import concurrent.futures

from tests import clouds
from tests.faults.real import clusters

OPTIONS = clusters.OPTIONS + "[audit]\ninterval = 1\n[failpoints]\nenabled = true\n"
DEADLY = ";".join(f"{each}_interface.{each}.after_effect=crash" for each in ("attach", "detach"))


def macs(cluster, server_id):
    """What the guest has, as its host remembers it, and what the network service says of the server."""
    from nova_lite.virt.fake.guests import Guests
    guest = Guests(clusters.host_dir(cluster, "host1"), lambda *_: None).get(server_id)
    ports = cluster.get(f"/network/v2.0/ports?device_id={server_id}").body["ports"]
    return set(guest.macs), {each["mac_address"] for each in ports}


def died(cluster):
    clouds.until("the host died", lambda: not cluster.running("host1"))


def reset(cluster, server_id, state):
    answer = cluster.act(server_id, "os-resetState", {"state": state}, user="admin")
    assert answer.status == 202, answer.text


def converge(cluster, server_id):
    cluster.start_process("host1")
    clouds.until("its NICs follow its ports", lambda: len(set(map(frozenset, macs(cluster, server_id)))) == 1)


def test_nics_follow_the_ports_when_a_change_was_cut_off_and_the_state_reset(make_cluster):
    cluster = make_cluster(hosts=("host1",), conductors=1, options=OPTIONS,
                     environ={"host1": {"NOVA_LITE_FAILPOINTS": DEADLY}})
    server_id = cluster.boot()["id"]
    interfaces = f"/compute/v2.1/servers/{server_id}/os-interface"
    [first] = macs(cluster, server_id)[1]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        attached = threads.submit(cluster.post, interfaces, {"interfaceAttachment": {"net_id": cluster.network_id()}})
        died(cluster)
        assert len(macs(cluster, server_id)[0]) == 2
        reset(cluster, server_id, "error")
        assert macs(cluster, server_id)[1] == {first}
        converge(cluster, server_id)
        assert macs(cluster, server_id) == ({first}, {first})
        assert attached.result().status == 409, attached.result().text

    reset(cluster, server_id, "active")
    [port] = cluster.get(f"/network/v2.0/ports?device_id={server_id}").body["ports"]
    assert cluster.delete(f"{interfaces}/{port['id']}").status == 202
    died(cluster)
    assert macs(cluster, server_id) == (set(), {first})
    reset(cluster, server_id, "active")
    converge(cluster, server_id)
    assert macs(cluster, server_id) == ({first}, {first})
    cluster.wait_final()
    cluster.check(touched={server_id})
