"""How the matrix comes to each operation and asks for it: through the REST API, derived from tables where it can be.

A new row of ``objects.states.OPERATIONS`` needs nothing here when its public action is asked for without an argument
("pause", or "os-stop" for "stop") and a state it may start from can be reached by other operations.  Otherwise it needs
one line in ``ASK``; ``VARIANTS`` holds what is worth more than one way.
"""

import base64
import dataclasses
import functools

from nova_lite.api.compute import routes
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.objects.states import OPERATIONS, Vm
from tests.faults.invariants import Promise, deleted
from tests.faults.remote_world import RemoteImageWorld, RemoteNetworkWorld
from tests.faults.world import World

SERVERS = "/compute/v2.1/servers"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """:ivar start: a state of the cloud (see ``state``).  :ivar act: callable(world) that asks.
    :ivar operations: names of what it is about.  :ivar light: it differs from another so little that the plainest
        faults will do.  :ivar world: what kind of World it happens in.
    """

    name: str
    start: str
    act: object
    operations: tuple
    light: bool = False
    world: type = World


# ---- asking

def create(world, **fields):
    """POST /servers; the response, or None."""
    facts = world.facts
    server = {"name": "one", "flavorRef": "42", "imageRef": facts.image, "networks": [{"uuid": facts.network}]} | fields
    return world.ask("POST", SERVERS, {"server": server})


def delete(world):
    return world.ask("DELETE", f"{SERVERS}/{world.facts.server}")


def soft_delete(world):
    """As the configuration says, a deletion can be taken back for a while."""
    server_id = world.facts.server
    CONF.set_override("reclaim_instance_interval", 10 ** 6, group="compute")
    try:
        answer = world.ask("DELETE", f"{SERVERS}/{server_id}", operation="-")
    finally:
        CONF.clear_override("reclaim_instance_interval", group="compute")
    if answer is not None and answer.status_int == 204:     # one that no host has is deleted for good
        world.promises.append(Promise(f"soft deletion of {server_id}", lambda records: "" if any(
            each.resource_id == server_id and each.name in ("soft_delete_server", "delete_server")
            for each in records.operations) else "it is not on record"))
    return answer


def action(operation, body, *, user="demo", headers=None):
    """What asks for an operation by POST /servers/{id}/action; ``body`` may be a callable(facts)."""
    def ask(world):
        given = body(world.facts) if callable(body) else body
        return world.ask("POST", f"{SERVERS}/{world.facts.server}/action", given, user=user, operation=operation,
                         headers=headers)
    ask.keys = tuple(body) if isinstance(body, dict) else (OPERATIONS[operation].action,)
    return ask


def attach(world):
    """A NIC with a new port; it is the server's from the answer on."""
    server_id, facts = world.facts.server, world.facts
    answer = world.ask("POST", f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {
        "net_id": facts.network}}, operation="attach_interface")
    if answer is not None and answer.status_int == 200:
        port_id = answer.json["interfaceAttachment"]["port_id"]
        world.promises.append(Promise(f"port {port_id} of server {server_id}", lambda records: "" if any(
            (each.id, each.server_id) == (port_id, server_id) for each in records.ports)
            or server_id not in records.alive else "it is not attached"))
    return answer


def detach(world):
    """The server's first NIC."""
    server_id = world.facts.server
    [port_id] = world.query("SELECT id FROM ports WHERE server_id = ? AND nic_index = 0", server_id)[0]
    return world.ask("DELETE", f"{SERVERS}/{server_id}/os-interface/{port_id}", operation="detach_interface")


def remove_address(world):
    """The only address that the server has."""
    [ip] = world.query("SELECT ip FROM fixed_ips JOIN ports ON ports.id = port_id WHERE server_id = ?",
                       world.facts.server)[0]
    return action("remove_fixed_ip", {"removeFixedIp": {"address": ip}}, headers=_OLD)(world)


_OLD = {"OpenStack-API-Version": "compute 2.43"}
#: operation -> callable(world) that asks for it, where its action is not simply called like it.  ONE LINE EACH.
ASK = {
    "build_server": create,
    "delete_server": delete,
    "reboot_server": action("reboot_server", {"reboot": {"type": "SOFT"}}),
    "hard_reboot_server": action("hard_reboot_server", {"reboot": {"type": "HARD"}}),
    "rescue_server": action("rescue_server", {"rescue": {}}),
    "rebuild_server": action("rebuild_server", lambda facts: {"rebuild": {"imageRef": facts.image}}),
    "resize_server": action("resize_server", {"resize": {"flavorRef": "1"}}),
    "offload_server": action("offload_server", {"shelveOffload": None}, user="admin"),
    "change_password": action("change_password", {"changePassword": {"adminPass": "x"}}),
    "snapshot_server": action("snapshot_server", {"createImage": {"name": "snap"}}),
    "backup_server": action("backup_server", {"createBackup": {"name": "b", "backup_type": "daily", "rotation": 1}}),
    "soft_delete_server": lambda world: soft_delete(world),
    "attach_interface": attach,
    "detach_interface": detach,
    "add_fixed_ip": action("add_fixed_ip", lambda facts: {"addFixedIp": {"networkId": facts.network}}, headers=_OLD),
    "remove_fixed_ip": remove_address,
}


def asker(name):
    """callable(world) that asks for the operation.

    :raises LookupError: the tables do not say how; the message says what to add.
    """
    if name in ASK:
        return ASK[name]
    declared = {each.name for each in routes.ACTIONS}
    public = OPERATIONS[name].action
    for guess in (public, f"os-{public}"):
        if guess in declared:
            return action(name, {guess: None})
    raise LookupError(f'tests/faults/scenarios.py does not know how to ask for {name!r}. Add one line to ASK: '
                      f'"{name}": action("{name}", {{"THE ACTION\'S KEY": ITS ARGUMENT}}),')


# ---- states of the cloud to start from

@functools.cache
def state(name):
    """The Snapshot of a cloud in a state: "empty", "furnished" (see changes.py), or with one server in a vm_state.

    "error" is a server that a host has and that failed there, "unplaced" one that never found a host; "images" is an
    active one beside two other images.  "remote-..." is the same in a RemoteNetworkWorld, whose servers have two NICs,
    and "remote-image-..." in a RemoteImageWorld.
    """
    if name == "empty":
        return _empty(World(name))
    for prefix, (world, create_one) in _REMOTE_WORLDS.items():
        if name.startswith(prefix):
            return _made_remote(prefix, name.removeprefix(prefix), world, create_one)
    if name == "furnished":
        from tests.faults import changes
        return _made("active", changes.furnish, name)
    if name == "unplaced":
        return _made("empty", create_nowhere, name)
    if name == "images":
        return _made("active", more_images, name)
    if name == Vm.ERROR:
        return _made("active", break_down, name)
    before, operation = _way_to(name)
    return _made(before, asker(operation), name)


def _empty(world):
    with world.running():
        facts = world.facts
        facts.image = world.ask("GET", "/image/v2/images").json["images"][0]["id"]
        agent = [{"op": "add", "path": "/hw_qemu_guest_agent", "value": "yes"}]
        answer = world.ask("PATCH", f"/image/v2/images/{facts.image}", agent, user="admin", headers={
            "Content-Type": "application/openstack-images-v2.1-json-patch"})
        assert answer.status_int == 200, answer.text
        facts.network = world.ask("GET", "/network/v2.0/networks?name=private").json["networks"][0]["id"]
        huge = {"flavor": {"name": "huge", "ram": 64, "vcpus": 1, "disk": 10 ** 6, "id": "huge"}}
        answer = world.ask("POST", "/compute/v2.1/flavors", huge, user="admin")
        assert answer.status_int == 200, answer.text
        world.settle()
        return world.keep(world.simulation.seed)


def _made_remote(prefix, plain, world, create_one):
    """The state of a world with a remote service: the way to it is the embedded world's.

    :param plain: the name of the embedded world's state.  :param create_one: callable(world) that asks for a server.
    """
    name = prefix + plain
    if plain == "empty":
        return _empty(world(name))
    if plain == "unplaced":
        return _made(prefix + "empty", create_nowhere, name, world)
    before, operation = _way_to(plain)
    return _made(prefix + before, create_one if operation == "build_server" else asker(operation), name, world)


def _made(before, act, name, kind=World):
    world = kind(f"state {name}", state(before))
    with world.running():
        act(world)
        world.settle()
        wrong = world.violations()
        assert not wrong, f"a calm {name} is wrong: {wrong}\n{world.story()}"
        return world.keep(name)


@functools.cache
def _ways():
    """{vm_state: (state before, operation)} of every state that can be reached, the shortest way."""
    ways = {Vm.BUILDING: None}
    found = [Vm.BUILDING]
    while found:
        reached = found.pop(0)
        for spec in OPERATIONS.values():
            if reached in spec.allowed and spec.then not in ways and spec.then != Vm.DELETED and _known(spec.name):
                ways[spec.then] = ("empty" if reached == Vm.BUILDING else str(reached), spec.name)
                found.append(spec.then)
    return ways


def _known(name):
    try:
        return asker(name)
    except LookupError:
        return None


def _way_to(vm_state):
    way = _ways().get(Vm(vm_state))
    if way is None:
        raise LookupError(f"no operation leads to {vm_state!r}; add a way to tests/faults/scenarios.py: state()")
    return way


def starts_of(spec):
    """The states of the cloud that an operation can be tried from, the plainest first."""
    if spec.name == "build_server":
        return ["empty"]
    reachable = [*_ways(), Vm.ERROR]
    return [str(each) for each in sorted(spec.allowed & set(reachable) - {Vm.BUILDING}, key=reachable.index)]


# ---- variants

def break_down(world):
    """A hard reboot fails in the middle."""
    for shelf in world.shelves.values():
        shelf.refusals = [exceptions.HypervisorError(host="?", reason="the matrix wants it")]
    answer = asker("hard_reboot_server")(world)
    world.simulation.run(3)
    for shelf in world.shelves.values():
        shelf.refusals = []
    return answer


def create_nowhere(world):
    """No host is large enough."""
    return create(world, flavorRef="huge")


def create_elsewhere(world):
    """The first host fails; another one does it."""
    error = exceptions.HypervisorError(host="?", reason="the matrix wants it")
    failures = [error]
    for shelf in world.shelves.values():
        shelf.failures = failures
    return create(world)


def create_fails(world):
    """Every host fails."""
    for shelf in world.shelves.values():
        shelf.failures = [exceptions.HypervisorError(host="?", reason="the matrix wants it")] * 3
    return create(world)


def slowly(operation, seconds=4.0):
    """The ports of its guest come to work late: the operation waits for them."""
    def act(world):
        CONF.set_override("port_delay", seconds, group="fake")
        return asker(operation)(world)
    return act


def create_without_ports(world):
    """Its ports never come to work: no other host is tried."""
    CONF.set_override("port_delay", 10.0 ** 6, group="fake")
    CONF.set_override("vif_plugging_timeout", 3)
    return create(world)


def start_without_ports(world):
    """Its ports never come to work, which is no failure."""
    CONF.set_override("vif_plugging_is_fatal", False)
    CONF.set_override("port_delay", 10.0 ** 6, group="fake")
    CONF.set_override("vif_plugging_timeout", 3)
    return asker("start_server")(world)


def delete_while_waiting(world):
    """A deletion overtakes a build that waits for its ports."""
    answer = slowly("build_server")(world)
    if answer is None or answer.status_int != 202:
        return answer
    world.simulation.run(2)
    return delete(world)


def create_two(world):
    """Two servers by one request."""
    return create(world, min_count=2, max_count=2)


def create_with_secrets(world):
    """With a config drive, a password and user data."""
    text = "#!secret " + "sesame" * 5
    encoded = base64.b64encode(text.encode()).decode()
    world.secrets |= {"user data": text, "user data in base64": encoded, "a password": "Chosen-by-hand-77"}
    return create(world, config_drive=True, adminPass="Chosen-by-hand-77", user_data=encoded)


def create_on_own_port(world):
    """On a port that its user made: it stays the user's when the server goes."""
    answer = world.ask("POST", "/network/v2.0/ports", {"port": {"network_id": world.facts.network}})
    if answer is None or answer.status_int != 201:
        return None
    port_id = answer.json["port"]["id"]
    world.promises.append(Promise(f"port {port_id}", lambda records: "" if port_id in {
        row.id for row in records.ports} else "it is gone"))
    return create(world, networks=[{"port": port_id}])


def create_with_key(world):
    """A client that repeats its request until it is answered makes one server."""
    facts = world.facts
    body = {"server": {"name": "keyed", "flavorRef": "42", "imageRef": facts.image,
                       "networks": [{"uuid": facts.network}]}}
    for _ in range(80):
        answer = world.ask("POST", SERVERS, body, headers={"Idempotency-Key": "one"})
        if answer is not None and answer.status_int == 202:
            break
        world.simulation.run(2)
    world.promises.append(Promise("one keyed create", lambda records: _count(records, answer)))
    return answer


def _count(records, answer):
    if answer is None or answer.status_int != 202:
        return f"it was never answered: {answer}"
    made = [row.id for row in records.servers.values() if row.display_name == "keyed"]
    return "" if made == [answer.json["server"]["id"]] else f"there are {made}"


def attach_with_key(world):
    """A client that repeats its request until it is answered attaches one NIC."""
    server_id, facts = world.facts.server, world.facts
    before = len(_ports_of(world))
    for _ in range(80):
        answer = world.ask("POST", f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {
            "net_id": facts.network}}, headers={"Idempotency-Key": "one"}, operation="-")
        if answer is not None and (answer.status_int == 200 or "Idempotent-Replayed" in answer.headers):
            break
        world.simulation.run(2)
    world.promises.append(Promise("one keyed attachment", lambda records: _attached(
        records, answer, before) if server_id in records.alive else ""))
    return answer


def _ports_of(world):
    return world.query("SELECT port_id FROM interfaces WHERE server_id = ?", world.facts.server)


def _attached(records, answer, before):
    if answer is None:
        return "it was never answered"
    [server_id] = records.alive
    mine = {row.id for row in records.ports if row.server_id == server_id}
    if answer.status_int != 200:
        return "" if len(mine) == before else f"it was refused; there are {len(mine)} NICs and were {before}"
    there = answer.json["interfaceAttachment"]["port_id"] in mine and len(mine) == before + 1
    return "" if there else f"there are {sorted(mine)} and were {before}"


def copy_with_key(world):
    """A client that repeats its request until it is answered makes one image."""
    for _ in range(80):
        answer = world.ask("POST", f"{SERVERS}/{world.facts.server}/action", {"createImage": {"name": "keyed"}},
                           headers={"Idempotency-Key": "one"}, operation="-")
        if answer is not None and (answer.status_int == 202 or "Idempotent-Replayed" in answer.headers):
            break
        world.simulation.run(2)
    known = {answer.json["image_id"]} if answer is not None and answer.status_int == 202 else set()
    world.promises.append(Promise("one keyed copy", lambda records: "" if {
        row.id for row in records.images if row.name == "keyed" and row.deleted_at is None} <= known
        else "there is an image that no answer names"))
    return answer


def create_from_a_vanishing_image(world):
    """Its image is deleted right after it was accepted."""
    answer = create(world)
    world.ask("DELETE", f"/image/v2/images/{world.facts.image}", user="admin")
    return answer


def more_images(world):
    """One that every host can run, and one that none can."""
    for name, properties in (("other", {}), ("strange", {"hw_architecture": "aarch64"})):
        made = world.ask("POST", "/image/v2/images", {
            "name": name, "disk_format": "raw", "container_format": "bare"} | properties).json["id"]
        assert world.ask("PUT", f"/image/v2/images/{made}/file", bytes(512)).status_int == 204
        setattr(world.facts, name, made)


def rebuild_from(name):
    """A rebuild from another image, which the scheduler is asked about."""
    return action("rebuild_server", lambda facts: {"rebuild": {"imageRef": getattr(facts, name)}})


def delete_by_force(world):
    """For good, whatever is configured."""
    answer = action("delete_server", {"forceDelete": None})(world)
    if answer is not None and answer.status_int == 202:
        world.promises.append(deleted(world.facts.server))
    return answer


def delete_shelved_with_key(world):
    """A client that repeats a deletion until it is answered; what the server has is an image."""
    server_id = world.facts.server
    for _ in range(80):
        answer = world.ask("POST", f"{SERVERS}/{server_id}/action", {"forceDelete": None}, operation="-",
                           headers={"Idempotency-Key": "one"})
        if answer is not None and answer.status_int == 202:
            world.promises.append(deleted(server_id))
            break
        world.simulation.run(2)
    return answer


def back_up_twice(world):
    """Of two backups the newest stays."""
    server_id = world.facts.server
    for _ in range(2):
        answer = asker("backup_server")(world)
        world.simulation.run(20, until=lambda: not world.open_operations())
    world.promises.append(Promise("one backup stays", lambda records: "" if len([
        row.id for row in records.images if row.deleted_at is None and row.status == "active"
        and row.properties.get("image_type") == "backup" and row.properties["instance_uuid"] == server_id]) < 2
        else "there are two"))
    return answer


def reset_during(operation, vm_state="active"):
    """An administrator calls the server well, or broken, in the middle of it."""
    def act(world):
        asker(operation)(world)
        world.simulation.run(0.4)
        return world.ask("POST", f"{SERVERS}/{world.facts.server}/action", {"os-resetState": {"state": vm_state}},
                         user="admin", operation="-")
    return act


def soft_delete_while_resizing(world):
    """It keeps the size that it has, and holds no more than that."""
    asker("resize_server")(world)
    world.simulation.run(0.4)
    return soft_delete(world)


def restore_shelved(world):
    """A server that was soft deleted while it was shelved runs again."""
    soft_delete(world)
    world.simulation.run(20, until=lambda: not world.open_operations())
    return asker("restore_server")(world)


def delete_twice(world):
    """A user is impatient."""
    delete(world)
    return delete(world)


def all_at_once(world):
    """Several operations of one server, each asked for while the one before runs."""
    for name in ("stop_server", "hard_reboot_server", "hard_reboot_server", "delete_server"):
        ASK.get(name, asker(name))(world)
        world.simulation.run(0.3)


def soft_delete_while_attaching(world):
    """What was promised is taken back; the host finds that out when it has done it."""
    facts = world.facts
    world.begin_to_ask("POST", f"{SERVERS}/{facts.server}/os-interface", {"interfaceAttachment": {
        "net_id": facts.network}})
    world.simulation.run(2, until=lambda: "attach_interface.vif_plugging.before_effect" in world.hits)
    return soft_delete(world)


def two_nics(world):
    """What a server asks for that gets two."""
    return [{"uuid": world.facts.network}] * 2


def create_remote(world):
    return create(world, networks=two_nics(world))


def create_remote_elsewhere(world):
    """The first host fails; its ports go on to the next one."""
    for shelf in world.shelves.values():
        shelf.failures = [exceptions.HypervisorError(host="?", reason="the matrix wants it")]
        break
    return create_remote(world)


def create_remote_fails(world):
    """Every host fails, and nothing is left at the service."""
    for shelf in world.shelves.values():
        shelf.failures = [exceptions.HypervisorError(host="?", reason="the matrix wants it")] * 3
    return create_remote(world)


def create_remote_on_own_port(world):
    """On a port that its user made, and another one."""
    answer = world.ask("POST", "/network/v2.0/ports", {"port": {"network_id": world.facts.network}})
    if answer is None or answer.status_int != 201:
        return None
    port_id = answer.json["port"]["id"]
    world.promises.append(Promise(f"port {port_id}", lambda records: "" if port_id in {
        row.id for row in records.ports} else "it is gone"))
    return create(world, networks=[{"port": port_id}, {"uuid": world.facts.network}])


def create_remote_slow_ports(world, status="completed"):
    """The service's agents take their time, and report to compute what they have done."""
    world.remote.is_slow = True
    answer = create_remote(world)
    if answer is None or answer.status_int != 202:
        world.remote.is_slow = False
        return answer
    world.simulation.run(20, until=lambda: world.query("SELECT count(*) FROM operations WHERE waits_for IS NOT NULL")[
        0][0])
    server_id, world.remote.is_slow = answer.json["server"]["id"], False
    for port in world.remote.of_kind("ports", device_id=server_id):
        said = world.ask("POST", "/compute/v2.1/os-server-external-events", {"events": [
            {"name": "network-vif-plugged", "server_uuid": server_id, "tag": port["id"], "status": status}]},
            user="admin", operation="-")
        port["up"] = status == "completed" or said is None or said.status_int != 200
    return answer


def create_remote_failed_ports(world):
    """The service's agents report that they failed: no other host is tried."""
    world.promises.append(Promise("no guest runs without its ports", lambda records: "" if all(
        port["up"] for row in records.alive.values() if row.vm_state == Vm.ACTIVE
        for port in world.remote.of_kind("ports", device_id=row.id)) else "one does"))
    return create_remote_slow_ports(world, "failed")


def create_remote_beyond_quota(world):
    """The quota allows one port only: the ports that were made are deleted again."""
    world.remote.limits[world.facts.demo_project] = 2
    answer = create_remote(world)
    world.remote.limits[world.facts.demo_project] = 1
    return answer


def create_remote_and_delete(world):
    """A deletion overtakes the build."""
    answer = create_remote(world)
    if answer is None or answer.status_int != 202:
        return answer
    world.simulation.run(0.05)
    return delete(world)


def ask_then(operation, pause, act):
    """Ask for an operation, and do something else in the middle of it."""
    def both(world):
        answer = asker(operation)(world)
        if answer is not None and answer.status_int == 202:
            world.simulation.run(pause)
            act(world)
        return answer
    return both


def delete_the_newest_image(world):
    """The image that waits for a copy: its user wants it no more."""
    answer = world.ask("GET", "/image/v2/images?instance_uuid=" + world.facts.server)
    if answer is not None and answer.status_int == 200 and answer.json["images"]:
        world.ask("DELETE", f"/image/v2/images/{answer.json['images'][0]['id']}")


def unshelve_fails(world):
    """No host can make its disk; its ports are bound to none again."""
    for shelf in world.shelves.values():
        shelf.failures = [exceptions.HypervisorError(host="?", reason="the matrix wants it")] * 3
    return asker("unshelve_server")(world)


def offload_and_unshelve(world):
    """At once: the ports are bound to no host, and then to the next one, in this order."""
    asker("offload_server")(world)
    world.simulation.run(20, until=lambda: not world.open_operations())
    return asker("unshelve_server")(world)


def _remote(name, start, act, *operations, light=False):
    return Scenario(_NETWORK + name, _NETWORK + start, act, operations, light, RemoteNetworkWorld)


def _remote_image(name, start, act, *operations, light=False):
    return Scenario(_IMAGE + name, _IMAGE + start, act, operations, light, RemoteImageWorld)


_NETWORK, _IMAGE = "remote-", "remote-image-"
#: {prefix of names: (World, callable(world) that asks for a server)}, the longest prefix first.
_REMOTE_WORLDS = {_IMAGE: (RemoteImageWorld, create), _NETWORK: (RemoteNetworkWorld, create_remote)}
#: On a remote network or image service; a part of the matrix of its own.
REMOTE = {each.name: each for each in (
    _remote("build_server", "empty", create_remote, "build_server"),
    _remote("delete_server", "active", delete, "delete_server"),
    _remote("create-elsewhere", "empty", create_remote_elsewhere, "build_server", light=True),
    _remote("create-fails", "empty", create_remote_fails, "build_server", light=True),
    _remote("create-on-port", "empty", create_remote_on_own_port, "build_server", light=True),
    _remote("create-slow-ports", "empty", create_remote_slow_ports, "build_server", light=True),
    _remote("create-failed-ports", "empty", create_remote_failed_ports, "build_server", light=True),
    _remote("create-beyond-quota", "empty", create_remote_beyond_quota, "build_server"),
    _remote("create-deleted", "empty", create_remote_and_delete, "build_server", "delete_server", light=True),
    _remote("delete-unplaced", "unplaced", delete, "delete_server", light=True),
    _remote_image("build_server", "empty", create, "build_server", light=True),
    _remote_image("snapshot_server", "active", asker("snapshot_server"), "snapshot_server"),
    _remote_image("backup-again", "active", back_up_twice, "backup_server"),
    _remote_image("shelve_server", "active", asker("shelve_server"), "shelve_server"),
    _remote_image("unshelve_server", "shelved_offloaded", asker("unshelve_server"), "unshelve_server"),
    _remote_image("rebuild_server", "active", asker("rebuild_server"), "rebuild_server", light=True),
    _remote_image("rescue_server", "active", asker("rescue_server"), "rescue_server", light=True),
    _remote_image("delete-shelved", "shelved_offloaded", delete, "delete_server"),
    _remote_image("copy-deleted", "active", ask_then("snapshot_server", 0.3, delete), "snapshot_server",
                  "delete_server", light=True),
    _remote_image("copy-keyed", "active", copy_with_key, "snapshot_server", light=True),
    _remote_image("copy-reset", "active", reset_during("snapshot_server"), "snapshot_server", light=True),
    _remote_image("copy-unwanted", "active", ask_then("snapshot_server", 0.2, delete_the_newest_image),
                  "snapshot_server", light=True),
    _remote("attach-keyed", "active", attach_with_key, "attach_interface"),
    _remote("offload_server", "shelved", asker("offload_server"), "offload_server"),
    _remote("unshelve_server", "shelved_offloaded", asker("unshelve_server"), "unshelve_server"),
    _remote("unshelve-fails", "shelved_offloaded", unshelve_fails, "unshelve_server", light=True),
    _remote("unshelve-deleted", "shelved_offloaded", ask_then("unshelve_server", 0.05, delete), "unshelve_server",
            "delete_server", light=True),
    _remote("unshelve-reset", "shelved_offloaded", reset_during("unshelve_server", "error"),
            "unshelve_server", light=True),
    _remote("offload-unshelve", "shelved", offload_and_unshelve, "offload_server", "unshelve_server", light=True),
)}
VARIANTS = (
    Scenario("create-nowhere", "empty", create_nowhere, ("build_server",)),
    Scenario("create-elsewhere", "empty", create_elsewhere, ("build_server",)),
    Scenario("create-fails", "empty", create_fails, ("build_server",)),
    Scenario("create-slow-ports", "empty", slowly("build_server"), ("build_server",)),
    Scenario("create-slow-deleted", "empty", delete_while_waiting, ("build_server", "delete_server"), light=True),
    Scenario("create-dead-ports", "empty", create_without_ports, ("build_server",), light=True),
    Scenario("start-dead-ports", "stopped", start_without_ports, ("start_server",), light=True),
    Scenario("start-slow-ports", "stopped", slowly("start_server"), ("start_server",), light=True),
    Scenario("reboot-slow-ports", "active", slowly("hard_reboot_server"), ("hard_reboot_server",)),
    Scenario("rebuild-slow-ports", "active", slowly("rebuild_server"), ("rebuild_server",), light=True),
    Scenario("resize-slow-ports", "active", slowly("resize_server"), ("resize_server",)),
    Scenario("unshelve-slow-ports", "shelved_offloaded", slowly("unshelve_server"), ("unshelve_server",), light=True),
    Scenario("attach-slow-ports", "active", slowly("attach_interface"), ("attach_interface",)),
    Scenario("create-two", "empty", create_two, ("build_server",), light=True),
    Scenario("create-secret", "empty", create_with_secrets, ("build_server",), light=True),
    Scenario("create-on-port", "empty", create_on_own_port, ("build_server",), light=True),
    Scenario("create-keyed", "empty", create_with_key, ("build_server",), light=True),
    Scenario("attach-keyed", "active", attach_with_key, ("attach_interface",), light=True),
    Scenario("create-image-gone", "empty", create_from_a_vanishing_image, ("build_server",)),
    Scenario("reboot-fails", "active", break_down, ("hard_reboot_server",)),
    Scenario("rebuild-other-image", "images", rebuild_from("other"), ("rebuild_server",)),
    Scenario("rebuild-strange-image", "images", rebuild_from("strange"), ("rebuild_server",), light=True),
    Scenario("delete-unplaced", "unplaced", delete, ("delete_server",)),
    Scenario("delete-forced", "active", delete_by_force, ("delete_server",)),
    Scenario("delete-twice", "active", delete_twice, ("delete_server",)),
    Scenario("delete-shelved-keyed", "shelved_offloaded", delete_shelved_with_key, ("delete_server",), light=True),
    Scenario("backup-again", "active", back_up_twice, ("backup_server",), light=True),
    Scenario("copy-reset", "active", reset_during("snapshot_server"), ("snapshot_server",), light=True),
    Scenario("resize-soft-deleted", "active", soft_delete_while_resizing, ("resize_server", "soft_delete_server"),
             light=True),
    Scenario("resize-reset", "active", reset_during("resize_server"), ("resize_server",), light=True),
    Scenario("restore-shelved", "shelved", restore_shelved, ("soft_delete_server", "restore_server"), light=True),
    Scenario("attach-soft-deleted", "active", soft_delete_while_attaching, (
        "attach_interface", "soft_delete_server"), light=True),
    Scenario("all-at-once", "active", all_at_once, ("hard_reboot_server", "delete_server")),
)


@functools.cache
def scenarios():
    """{name: Scenario}: each operation from each state it can be tried from, and the variants."""
    found = {}
    for spec in OPERATIONS.values():
        if not _known(spec.name):
            continue                    # test_completeness says so
        for number, start in enumerate(starts_of(spec)):
            name = f"{spec.name}-{start}" if number else spec.name
            found[name] = Scenario(name, start, asker(spec.name), (spec.name,), light=number > 0)
    return found | {each.name: each for each in VARIANTS}
