"""How the matrix comes to each operation and asks for it: through the REST API, derived from tables where it can be.

A new row of ``objects.states.OPERATIONS`` needs nothing here when its action is named like it (pause: "pause" or
"os-pause", with no argument) and a state it may start from can be reached by other operations.  Otherwise it needs one
line in ``ASK``; ``VARIANTS`` holds what is worth more than one way.
"""

import base64
import dataclasses
import functools

from nova_lite.api.compute import routes
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.objects.states import OPERATIONS, Vm
from tests.faults.invariants import Promise, deleted
from tests.faults.world import World

SERVERS = "/compute/v2.1/servers"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """:ivar start: a state of the cloud (see ``state``).  :ivar act: callable(world) that asks.
    :ivar operations: names of what it is about.  :ivar light: it differs from another so little that the plainest
        faults will do.
    """

    name: str
    start: str
    act: object
    operations: tuple
    light: bool = False


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
        world.promises.append(Promise(f"soft deletion of {server_id}", lambda sight: "" if any(
            each.server_id == server_id and each.name in ("soft_delete", "delete")
            for each in sight.operations) else "it is not on record"))
    return answer


def action(operation, body, *, user="demo", headers=None):
    """What asks for an operation by POST /servers/{id}/action; ``body`` may be a callable(facts)."""
    def ask(world):
        told = body(world.facts) if callable(body) else body
        return world.ask("POST", f"{SERVERS}/{world.facts.server}/action", told, user=user, operation=operation,
                         headers=headers)
    ask.keys = tuple(body) if isinstance(body, dict) else (operation,)
    return ask


def attach(world):
    """A NIC with a new port; it is the server's from the answer on."""
    server_id, facts = world.facts.server, world.facts
    answer = world.ask("POST", f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {
        "net_id": facts.network}}, operation="attach_interface")
    if answer is not None and answer.status_int == 200:
        port_id = answer.json["interfaceAttachment"]["port_id"]
        world.promises.append(Promise(f"port {port_id} of server {server_id}", lambda sight: "" if any(
            (each.id, each.server_id) == (port_id, server_id) for each in sight.ports)
            or server_id not in sight.alive else "it is not attached"))
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
    return action("removeFixedIp", {"removeFixedIp": {"address": ip}}, headers=_OLD)(world)


_OLD = {"OpenStack-API-Version": "compute 2.43"}
#: operation -> callable(world) that asks for it, where its action is not simply called like it.  ONE LINE EACH.
ASK = {
    "create": create,
    "delete": delete,
    "reboot": action("reboot", {"reboot": {"type": "SOFT"}}),
    "reboot_hard": action("reboot_hard", {"reboot": {"type": "HARD"}}),
    "rescue": action("rescue", {"rescue": {}}),
    "rebuild": action("rebuild", lambda facts: {"rebuild": {"imageRef": facts.image}}),
    "resize": action("resize", {"resize": {"flavorRef": "1"}}),
    "shelveOffload": action("shelveOffload", {"shelveOffload": None}, user="admin"),
    "changePassword": action("changePassword", {"changePassword": {"adminPass": "x"}}),
    "createImage": action("createImage", {"createImage": {"name": "snap"}}),
    "createBackup": action("createBackup", {"createBackup": {"name": "b", "backup_type": "daily", "rotation": 1}}),
    "soft_delete": lambda world: soft_delete(world),
    "attach_interface": attach,
    "detach_interface": detach,
    "addFixedIp": action("addFixedIp", lambda facts: {"addFixedIp": {"networkId": facts.network}}, headers=_OLD),
    "removeFixedIp": remove_address,
}


def asker(name):
    """callable(world) that asks for the operation.

    :raises LookupError: the tables do not say how; the message says what to add.
    """
    if name in ASK:
        return ASK[name]
    declared = {each.name for each in routes.ACTIONS}
    for guess in (name, f"os-{name}", name.replace("_", "-")):
        if guess in declared:
            return action(name, {guess: None})
    raise LookupError(f'tests/faults/scenarios.py does not know how to ask for {name!r}. Add one line to ASK: '
                      f'"{name}": action("{name}", {{"THE ACTION\'S KEY": ITS ARGUMENT}}),')


# ---- states of the cloud to start from

@functools.cache
def state(name):
    """The Snapshot of a cloud in a state: "empty", "furnished" (see changes.py), or with one server in a vm_state.

    "error" is a server that a host has and that failed there, "unplaced" one that never found a host; "images" is an
    active one beside two other images.
    """
    if name == "empty":
        return _empty()
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


def _empty():
    world = World("empty")
    with world.running():
        facts = world.facts
        facts.image = world.ask("GET", "/image/v2/images").json["images"][0]["id"]
        agent = [{"op": "add", "path": "/hw_qemu_guest_agent", "value": "yes"}]
        answer = world.ask("PATCH", f"/image/v2/images/{facts.image}", agent, user="admin", headers={
            "Content-Type": "application/openstack-images-v2.1-json-patch"})
        assert answer.status_int == 200, answer.text
        facts.network = world.ask("GET", "/network/v2.0/networks").json["networks"][0]["id"]
        huge = {"flavor": {"name": "huge", "ram": 64, "vcpus": 1, "disk": 10 ** 6, "id": "huge"}}
        answer = world.ask("POST", "/compute/v2.1/flavors", huge, user="admin")
        assert answer.status_int == 200, answer.text
        world.settle()
        return world.keep("empty")


def _made(before, act, name):
    world = World(f"state {name}", state(before))
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
    if spec.name == "create":
        return ["empty"]
    reachable = [*_ways(), Vm.ERROR]
    return [str(each) for each in sorted(spec.allowed & set(reachable) - {Vm.BUILDING}, key=reachable.index)]


# ---- variants

def break_down(world):
    """A hard reboot fails in the middle."""
    for shelf in world.shelves.values():
        shelf.refusals = [exception.HypervisorError(host="?", reason="the matrix wants it")]
    answer = asker("reboot_hard")(world)
    world.simulation.run(3)
    for shelf in world.shelves.values():
        shelf.refusals = []
    return answer


def create_nowhere(world):
    """No host is large enough."""
    return create(world, flavorRef="huge")


def create_elsewhere(world):
    """The first host fails; another one does it."""
    error = exception.HypervisorError(host="?", reason="the matrix wants it")
    failures = [error]
    for shelf in world.shelves.values():
        shelf.failures = failures
    return create(world)


def create_fails(world):
    """Every host fails."""
    for shelf in world.shelves.values():
        shelf.failures = [exception.HypervisorError(host="?", reason="the matrix wants it")] * 3
    return create(world)


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
    world.promises.append(Promise(f"port {port_id}", lambda sight: "" if port_id in {
        row.id for row in sight.ports} else "it is gone"))
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
    world.promises.append(Promise("one keyed create", lambda sight: _count(sight, answer)))
    return answer


def _count(sight, answer):
    if answer is None or answer.status_int != 202:
        return f"it was never answered: {answer}"
    made = [row.id for row in sight.servers.values() if row.display_name == "keyed"]
    return "" if made == [answer.json["server"]["id"]] else f"there are {made}"


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
    return action("rebuild", lambda facts: {"rebuild": {"imageRef": getattr(facts, name)}})


def delete_by_force(world):
    """For good, whatever is configured."""
    answer = action("delete", {"forceDelete": None})(world)
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
        answer = asker("createBackup")(world)
        world.simulation.run(20, until=lambda: not world.open_operations())
    world.promises.append(Promise("one backup stays", lambda sight: "" if len([
        row.id for row in sight.images if row.deleted_at is None and row.status == "active"
        and row.properties.get("image_type") == "backup" and row.properties["instance_uuid"] == server_id]) < 2
        else "there are two"))
    return answer


def reset_during(operation):
    """An administrator calls the server well in the middle of it."""
    def act(world):
        asker(operation)(world)
        world.simulation.run(0.4)
        return world.ask("POST", f"{SERVERS}/{world.facts.server}/action", {"os-resetState": {"state": "active"}},
                         user="admin", operation="-")
    return act


def soft_delete_while_resizing(world):
    """It keeps the size that it has, and holds no more than that."""
    asker("resize")(world)
    world.simulation.run(0.4)
    return soft_delete(world)


def restore_shelved(world):
    """A server that was soft deleted while it was shelved runs again."""
    soft_delete(world)
    world.simulation.run(20, until=lambda: not world.open_operations())
    return asker("restore")(world)


def delete_twice(world):
    """A user is impatient."""
    delete(world)
    return delete(world)


def all_at_once(world):
    """Several operations of one server, each asked for while the one before runs."""
    for name in ("stop", "reboot_hard", "reboot_hard", "delete"):
        ASK.get(name, asker(name))(world)
        world.simulation.run(0.3)


def soft_delete_while_attaching(world):
    """What was promised is taken back; the host finds that out when it has done it."""
    facts = world.facts
    world.begin_to_ask("POST", f"{SERVERS}/{facts.server}/os-interface", {"interfaceAttachment": {
        "net_id": facts.network}})
    world.simulation.run(0.25)
    return soft_delete(world)


VARIANTS = (
    Scenario("create-nowhere", "empty", create_nowhere, ("create",)),
    Scenario("create-elsewhere", "empty", create_elsewhere, ("create",)),
    Scenario("create-fails", "empty", create_fails, ("create",)),
    Scenario("create-two", "empty", create_two, ("create",), light=True),
    Scenario("create-secret", "empty", create_with_secrets, ("create",), light=True),
    Scenario("create-on-port", "empty", create_on_own_port, ("create",), light=True),
    Scenario("create-keyed", "empty", create_with_key, ("create",), light=True),
    Scenario("create-image-gone", "empty", create_from_a_vanishing_image, ("create",)),
    Scenario("reboot-fails", "active", break_down, ("reboot_hard",)),
    Scenario("rebuild-other-image", "images", rebuild_from("other"), ("rebuild",)),
    Scenario("rebuild-strange-image", "images", rebuild_from("strange"), ("rebuild",), light=True),
    Scenario("delete-unplaced", "unplaced", delete, ("delete",)),
    Scenario("delete-forced", "active", delete_by_force, ("delete",)),
    Scenario("delete-twice", "active", delete_twice, ("delete",)),
    Scenario("delete-shelved-keyed", "shelved_offloaded", delete_shelved_with_key, ("delete",), light=True),
    Scenario("backup-again", "active", back_up_twice, ("createBackup",), light=True),
    Scenario("copy-reset", "active", reset_during("createImage"), ("createImage",), light=True),
    Scenario("resize-soft-deleted", "active", soft_delete_while_resizing, ("resize", "soft_delete"), light=True),
    Scenario("resize-reset", "active", reset_during("resize"), ("resize",), light=True),
    Scenario("restore-shelved", "shelved", restore_shelved, ("soft_delete", "restore"), light=True),
    Scenario("attach-soft-deleted", "active", soft_delete_while_attaching, (
        "attach_interface", "soft_delete"), light=True),
    Scenario("all-at-once", "active", all_at_once, ("reboot_hard", "delete")),
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
