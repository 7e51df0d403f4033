"""Guests whose interfaces changed while their host died and their state was reset: the NICs follow the ports."""

import concurrent.futures

from tests import clouds
from tests.faults.real import rooms

OPTIONS = rooms.OPTIONS + "[audit]\ninterval = 1\n[failpoints]\nenabled = true\n"
DEADLY = ";".join(f"{each}_interface.{each}.after_effect=crash" for each in ("attach", "detach"))


def macs(room, server_id):
    """What the guest has, as its host remembers it, and what the network service says of the server."""
    from nova_lite.virt.fake.guests import Guests
    guest = Guests(rooms.host_dir(room, "host1"), lambda *_: None).get(server_id)
    ports = room.get(f"/network/v2.0/ports?device_id={server_id}").body["ports"]
    return set(guest.macs), {each["mac_address"] for each in ports}


def died(room):
    clouds.until("the host died", lambda: not room.running("host1"))


def reset(room, server_id, state):
    answer = room.act(server_id, "os-resetState", {"state": state}, user="admin")
    assert answer.status == 202, answer.text


def converge(room, server_id):
    room.start_process("host1")
    clouds.until("its NICs follow its ports", lambda: len(set(map(frozenset, macs(room, server_id)))) == 1)


def test_nics_follow_the_ports_when_a_change_was_cut_off_and_the_state_reset(make_room):
    room = make_room(hosts=("host1",), conductors=1, options=OPTIONS,
                     environ={"host1": {"NOVA_LITE_FAILPOINTS": DEADLY}})
    server_id = room.boot()["id"]
    interfaces = f"/compute/v2.1/servers/{server_id}/os-interface"
    [first] = macs(room, server_id)[1]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        attached = threads.submit(room.post, interfaces, {"interfaceAttachment": {"net_id": room.network_id()}})
        died(room)
        assert len(macs(room, server_id)[0]) == 2
        reset(room, server_id, "error")
        assert macs(room, server_id)[1] == {first}
        converge(room, server_id)
        assert macs(room, server_id) == ({first}, {first})
        assert attached.result().status == 409, attached.result().text

    reset(room, server_id, "active")
    [port] = room.get(f"/network/v2.0/ports?device_id={server_id}").body["ports"]
    assert room.delete(f"{interfaces}/{port['id']}").status == 202
    died(room)
    assert macs(room, server_id) == (set(), {first})
    reset(room, server_id, "active")
    converge(room, server_id)
    assert macs(room, server_id) == ({first}, {first})
    room.wait_final()
    room.check(touched={server_id})
