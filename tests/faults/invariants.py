"""What must hold after any fault: one checker for simulated machines and for real ones.

``check(view)`` reads every table in one transaction, compares it with what the hosts have, with what was promised and
with what was logged, and answers a list of Violations; an empty list is the only good answer.  Each invariant is one
function of the list ``INVARIANTS``: a generator of texts over a ``Records`` (the View and the rows of the database).
"""

import collections
import dataclasses
import datetime
import itertools
import types

import orjson
import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db.models import Base
from nova_lite.db.network.routers import INTERFACE
from nova_lite.objects.service_change import ChangeState
from nova_lite.objects.states import OPEN, OPERATIONS, OperationState, Power, Vm

#: Seconds within which everything that was accepted has ended, after all processes are back.
BOUND = 30

#: What the guest of a server at rest does: the powers it may have; empty where there is none; None says nothing.
GUESTS = {
    "active": {Power.RUNNING},
    "stopped": {Power.SHUTDOWN, Power.CRASHED},
    "paused": {Power.PAUSED},
    "suspended": {Power.SUSPENDED, Power.SHUTDOWN},
    "rescued": {Power.RUNNING},
    "resized": {Power.RUNNING, Power.SHUTDOWN},
    "shelved": {Power.SHUTDOWN},
    "shelved_offloaded": set(),
    "soft-delete": {Power.SHUTDOWN}, "soft-deleted": {Power.SHUTDOWN},
    "error": None,
    "building": None,
    "deleted": set(),
}


@dataclasses.dataclass
class Host:
    """What one compute host has outside the database; None where its driver or network keeps no such thing.

    :ivar guests: {server id: power state}, of all guests this cloud defined there.
    :ivar ports: {port id: server id} of what is plugged.
    :ivar files: ids of the servers that have a directory of files.
    :ivar taps: names of the devices on the cloud's bridges.
    :ivar leases: ids of the ports, or their MACs, that the DHCP servers know.
    :ivar nics: {server id: MACs} of its guests.
    :ivar networks: ids of the networks that have a namespace, a bridge or a link there.
    """

    guests: dict
    ports: dict
    files: set | None = None
    taps: set | None = None
    leases: set | None = None
    nics: dict | None = None
    networks: set | None = None


@dataclasses.dataclass(frozen=True)
class Promise:
    """One acknowledged request.  :ivar kept: callable(Records) -> "" when its effect is there, else what is missing."""

    what: str
    kept: object


@dataclasses.dataclass
class View:
    """Everything a checker may look at.

    :ivar engine: of the database.  :ivar hosts: {name: Host}.
    :ivar promises: [Promise] of every request that was answered with 2xx.
    :ivar logs: {name: text}.  :ivar secrets: {what it is: text} that may stand in no log.
    :ivar whole: when the last process came back, by the database's clock; None: nobody was away.
    :ivar bound: seconds after ``whole`` (or after its acceptance) by which an operation has ended.
    :ivar images: {image id: bytes} of the files in the image store, with "incoming/..." for half ones; None: unknown.
    :ivar audit: callable -> [objects.drift.Finding]; None leaves the auditor out (see ``audit`` below).
    :ivar touched: ids of servers whose guests were changed from outside: their state follows the guest.
    :ivar late_ports: whether ports never come to work, as a scenario wants it.
    :ivar remote: of a remote network service: ``ports``, dicts as it has them; None: it is the embedded one.
    :ivar remote_images: the rows of a remote image service, each with its ``marker``; None: it is the embedded one.
    """

    engine: object
    hosts: dict
    promises: list = dataclasses.field(default_factory=list)
    logs: dict = dataclasses.field(default_factory=dict)
    secrets: dict = dataclasses.field(default_factory=dict)
    whole: datetime.datetime | None = None
    bound: float = BOUND
    images: dict | None = None
    audit: object = None
    touched: set = dataclasses.field(default_factory=set)
    late_ports: bool = False
    remote: object = None
    remote_images: list | None = None


@dataclasses.dataclass(frozen=True)
class Violation:
    invariant: str
    text: str

    def __str__(self):
        return f"{self.invariant}: {self.text}"


def check(view):
    """[Violation]"""
    records = Records(view)
    return [Violation(each.__name__, text) for each in INVARIANTS for text in each(records)]


def audit(network, image=None):
    """What the auditor finds in the database of this very process's CONF, without mending.

    :param network: the network facade.  :param image: the image facade; None: it is not asked.
    """
    from nova_lite.conductor.auditor import Auditor
    return Auditor(network, repair=False, image=image).examine()[0]


# ---- what promises there are

def accepted(name, server_id, request_id):
    """An operation was accepted: it is on record (what became of it, ``ended`` and ``states`` check)."""
    def kept(records):
        return "" if any((each.name, each.resource_id, each.request_id) == (name, server_id, request_id)
                         for each in records.operations) else "the operation is not on record"
    return Promise(f"{name} of server {server_id} ({request_id})", kept)


def deleted(server_id):
    """A server's deletion was accepted."""
    def kept(records):
        row = records.servers.get(server_id)
        return "" if row is None or row.deleted_at is not None else f"it is {row.vm_state}, {row.task_state}"
    return Promise(f"deletion of server {server_id}", kept)


class Records:
    """A View and the rows of the database: ``records.servers`` is {id: row}, every other table a list of rows."""

    def __init__(self, view):
        self.view = view
        self._tables = {}
        with view.engine.connect() as connection:
            for name in _READ:
                table = Base.metadata.tables[name]
                self._tables[name] = connection.execute(sa.select(table).order_by(*table.primary_key)).all()
        if view.remote is not None:
            self._tables |= _as_tables(view.remote.ports)
        if view.remote_images is not None:
            self._tables["images"] = view.remote_images
        self.servers = {row.id: row for row in self._tables["servers"]}
        self.alive = {key: row for key, row in self.servers.items() if row.deleted_at is None}
        self.steps = collections.defaultdict(list)
        for step in self.operation_steps:
            self.steps[step.operation_id].append(step)

    def __getattr__(self, name):
        try:
            return self.__dict__["_tables"][name]
        except KeyError:
            raise AttributeError(name) from None

    def rests(self, row):
        return row.task_state is None


def _as_tables(ports):
    """The ports of a remote service as rows of the embedded service's tables."""
    rows = [types.SimpleNamespace(
        id=each["id"], mac_address=each["mac_address"], network_id=each["network_id"], nic_index=each["index"],
        server_id=each["device_id"] or None, made_for_server=each["owned"], device_owner="",
        project_id=each["project_id"]) for each in ports]
    bindings = [types.SimpleNamespace(port_id=each["id"], host=each["host"], state="ACTIVE") for each in ports]
    addresses = [types.SimpleNamespace(port_id=each["id"]) for each in ports if each["fixed_ips"]]
    return {"ports": rows, "port_bindings": bindings, "fixed_ips": addresses}


_READ = ("servers", "operations", "operation_steps", "allocations", "server_migrations", "compute_nodes", "ports",
         "port_bindings", "router_ports", "fixed_ips", "images", "quotas", "idempotency_keys", "drifts", "keypairs",
         "flavors", "networks", "subnets", "security_groups", "identity_projects", "identity_users", "service_changes",
         "scopes", "scope_rows", "interfaces")


# ---- operations

def ended(records):
    """Every operation is final, in time."""
    view = records.view
    for each in records.operations:
        who = f"{each.name} {each.id} of server {each.resource_id}"
        if each.state in OPEN or each.finished_at is None:
            yield (f"{who} is {each.state} at {each.place}, step {each.step}, attempt {each.attempt}, led by "
                   f"{each.worker} until {each.lease_until}")
            continue
        began = max(filter(None, (each.created_at, view.whole)))
        took = (each.finished_at - began).total_seconds()
        if took > view.bound:
            yield f"{who} ended {took:.1f} s after all was well"


def wiped(records):
    """What an operation was given is gone when it has ended, and so are its claims."""
    for each in records.operations:
        if each.finished_at is None:
            continue
        if each.args:
            yield f"{each.name} {each.id} keeps its arguments {sorted(each.args)}"
        if each.lease_until is not None:
            yield f"{each.name} {each.id} ended and keeps its lease"


def states(records):
    """A server rests, and is what the last operation that was not overtaken made of it."""
    last = {}
    for each in sorted(records.operations, key=lambda row: (row.finished_at or datetime.datetime.max, row.created_at)):
        if each.state in (OperationState.DONE, OperationState.FAILED):
            last[each.resource_id] = each
    for row in records.servers.values():
        who = f"server {row.id}"
        if row.task_state is not None:
            yield f"{who} is {row.vm_state} and still {row.task_state}"
        if (row.deleted_at is not None) != (row.vm_state == Vm.DELETED):
            yield f"{who} is {row.vm_state} and was deleted at {row.deleted_at}"
        operation = last.get(row.id)
        spec = OPERATIONS.get(operation.name) if operation else None    # else it is a note of what an operator set
        if row.id not in records.view.touched and spec is not None:
            before = operation.previous.get("vm_state")
            wanted = spec.leads_to(before) if operation.state == OperationState.DONE else spec.failing or before
            # A failed operation may have had its effect: then the server follows its guest, as ``guests`` checks.
            follows = operation.state == OperationState.FAILED and not spec.failing
            if wanted is not None and row.vm_state != wanted and not follows:
                yield f"{who} is {row.vm_state}; its last operation {operation.name} was {operation.state}: {wanted}"
        if row.vm_state == Vm.ERROR and not row.fault and spec is not None:
            yield f"{who} is in error and does not say why"


# ---- guests and what they have on hosts

def guests(records):
    """Exactly one guest a server, where the server is, in its state; none without a server."""
    for name, host in records.view.hosts.items():
        for server_id in host.guests:
            row = records.alive.get(server_id)
            if row is None:
                yield f"host {name} has a guest of server {server_id}, which is no more"
            elif row.host != name:
                yield f"host {name} has a guest of server {server_id}, which is on {row.host}"
    for row in records.alive.values():
        wanted = GUESTS.get(row.vm_state)
        host = records.view.hosts.get(row.host)
        if wanted is None or host is None:
            if wanted and row.host is None:
                yield f"server {row.id} is {row.vm_state} and on no host"
            continue
        power = host.guests.get(row.id)
        if power not in wanted and (wanted or power is not None):
            yield f"server {row.id} is {row.vm_state} on {row.host}; its guest there is {_power(power)}"


def _power(power):
    return "missing" if power is None else Power(power).name


def power_states(records):
    """The power state that is shown is the guest's."""
    for row in records.alive.values():
        host = records.view.hosts.get(row.host)
        if host is not None and GUESTS.get(row.vm_state):
            power = host.guests.get(row.id, Power.NOSTATE)
            if row.power_state != power:
                yield f"server {row.id} shows power {_power(row.power_state)}; its guest is {_power(power)}"


def files(records):
    """Files of a guest have an owner on that host, and every guest has its files."""
    for name, host in records.view.hosts.items():
        if host.files is None:
            continue
        owners = {row.id for row in records.alive.values() if row.host == name}
        needed = {row.id for row in records.alive.values() if row.host == name and GUESTS.get(row.vm_state)}
        yield from (f"host {name} keeps files of {each}, which is not there" for each in sorted(host.files - owners))
        yield from (f"host {name} lacks the files of server {each}" for each in sorted(needed - host.files))


def plugged(records):
    """A port is plugged where its server is, and nowhere else; nothing is plugged that is no port."""
    ports = {row.id: row for row in records.ports}
    for name, host in records.view.hosts.items():
        for port_id, server_id in host.ports.items():
            port, row = ports.get(port_id), records.alive.get(server_id)
            if port is None or port.server_id != server_id or row is None or row.host != name:
                yield f"host {name} has port {port_id} of server {server_id} plugged, which is not its own"
    for port in records.ports:
        row = records.alive.get(port.server_id)
        host = row and records.view.hosts.get(row.host)
        if host is not None and GUESTS.get(row.vm_state) and host.ports.get(port.id) != port.server_id:
            yield f"port {port.id} of server {row.id} is not plugged on {row.host}"


def wired(records):
    """A guest that runs has a NIC for each port of its server, and no other."""
    macs = collections.defaultdict(set)
    for port in records.ports:
        macs[port.server_id].add(port.mac_address)
    for row in records.alive.values():
        host = records.view.hosts.get(row.host)
        if host is not None and host.nics is not None and host.guests.get(row.id) in (Power.RUNNING, Power.PAUSED):
            has = host.nics.get(row.id, set())
            if has != macs[row.id]:
                yield f"the guest of server {row.id} has NICs {sorted(has)}, not {sorted(macs[row.id])}"


def statuses(records):
    """A port is ACTIVE exactly while its guest has a device of it."""
    macs = {port.id: (port.server_id, port.mac_address) for port in records.ports}
    for binding in records.port_bindings if records.view.remote is None and not records.view.late_ports else ():
        server_id, mac = macs.get(binding.port_id, (None, None))
        row, host = records.alive.get(server_id), records.view.hosts.get(binding.host)
        if row is None or not records.rests(row) or host is None or host.nics is None:
            continue
        on = host.guests.get(server_id) in (Power.RUNNING, Power.PAUSED) and mac in host.nics.get(server_id, ())
        if bool(binding.up) != on:
            yield f"port {binding.port_id} of server {server_id} is {'up' if binding.up else 'down'} on {binding.host}"


def _reached(records, network_ids):
    """Ids of these networks, of the routers on them, and of the networks of these, which a host has with them."""
    networks, found = {port.id: port.network_id for port in records.ports}, set(network_ids)
    legs = [(row.router_id, networks[row.port_id], row.port_type) for row in records.router_ports
            if row.port_id in networks]
    size = -1
    while len(found) > size:
        size = len(found)
        found |= {router for router, network, kind in legs if network in found and kind == INTERFACE}
        found |= {network for router, network, _ in legs if router in found}
    return found


def devices(records):
    """Each port of a running guest has its device and its DHCP entry, and there is no other."""
    for name, host in records.view.hosts.items():
        here = [port for port in records.ports if (row := records.alive.get(port.server_id)) and row.host == name]
        if host.taps is not None:
            owned = {f"tap{port.id[:11]}" for port in here}
            running = {f"tap{port.id[:11]}" for port in here if host.guests.get(port.server_id) == Power.RUNNING}
            yield from (f"device {each} on {name} is nobody's" for each in sorted(host.taps - owned))
            yield from (f"device {each} is missing on {name}" for each in sorted(running - host.taps))
        if host.networks is not None:
            needed = _reached(records, {port.network_id for port in here})
            yield from (f"network {each} on {name} is nobody's" for each in sorted(host.networks - needed))
        if host.leases is not None:
            known = {port.id for port in here} | {port.mac_address for port in here}
            yield from (f"DHCP on {name} knows {each}, nobody's" for each in sorted(host.leases - known))
            yield from (f"DHCP on {name} does not know port {port.id} ({port.mac_address})" for port in here
                        if GUESTS.get(records.alive[port.server_id].vm_state)
                        and not {port.id, port.mac_address} & host.leases)


# ---- what servers hold

def allocations(records):
    """A placed server holds exactly what its flavor asks of its host, and more only for a migration."""
    held = collections.defaultdict(list)
    for row in records.allocations:
        held[row.server_id].append(row)
        if row.server_id not in records.alive:
            yield f"{row.host} holds an allocation for server {row.server_id}, which is no more"
    for row in records.alive.values():
        homes = [(each.host, each.vcpus, each.memory_mb, each.disk_gb) for each in held[row.id]
                 if each.purpose == "home"]
        wanted = (row.host, *_asked(row.flavor))
        if row.host is None or row.vm_state == "shelved_offloaded":
            if homes:
                yield f"server {row.id} is on no host and holds an allocation of {homes[0][0]}"
        elif not homes:
            yield f"server {row.id} holds nothing of {row.host}"
        elif homes != [wanted]:
            yield f"server {row.id} holds {', '.join(map(str, homes))}, not {wanted}"
        yield from _moves(records, row, held[row.id])


def _moves(records, row, held):
    """What a server (its row) holds besides is of its open migration's other host, or of one it was evacuated from."""
    migration = {each.id: each for each in records.server_migrations}.get(row.migration_id)
    left = {each.source_host for each in records.server_migrations
            if (each.server_id, each.kind, each.status) == (row.id, "evacuation", "done")}
    for each in held:
        if each.purpose == "move":
            if migration is None:
                yield f"server {row.id} holds an allocation of {each.host} for a move, and no migration of it is open"
            elif each.host not in ({migration.source_host, migration.dest_host} - {row.host} or {row.host}):
                yield f"server {row.id} holds an allocation of {each.host} for a move, not its migration's other host"
        elif each.purpose == "leftover" and each.host not in left:
            yield f"server {row.id} holds an allocation of {each.host}, which an evacuation did not leave"
    if row.migration_id is not None and row.vm_state != "resized":
        yield f"server {row.id} is {row.vm_state} and its migration {row.migration_id} is open"


def _asked(flavor):
    disk = flavor["root_gb"] + flavor.get("ephemeral_gb", 0) + -(-flavor.get("swap_mb", 0) // 1024)
    return flavor["vcpus"], flavor["memory_mb"], disk


def counters(records):
    """What a host has given away is the sum of what is held of it."""
    sums = collections.defaultdict(lambda: [0, 0, 0])
    for row in records.allocations:
        for place, amount in enumerate((row.vcpus, row.memory_mb, row.disk_gb)):
            sums[row.host][place] += amount
    for node in records.compute_nodes:
        used = [node.vcpus_used, node.memory_mb_used, node.disk_gb_used]
        if used != sums[node.host]:
            yield f"{node.host} counts {used} as given; held are {sums[node.host]}"


def quotas(records):
    """What quota counts is what there is, and no more than allowed."""
    from nova_lite.db import quotas as counting
    for project_id in {row.project_id for row in records.servers.values()}:
        mine = [row.flavor for row in records.alive.values()      # what may be taken back for a while does not count
                if row.project_id == project_id and row.vm_state != "soft-delete"]
        true = {"instances": len(mine), "cores": sum(each["vcpus"] for each in mine),
                "ram": sum(each["memory_mb"] for each in mine)}
        with sa.orm.Session(records.view.engine) as session:
            used = counting.usage(session, project_id)
        if used != true:
            yield f"quota of project {project_id} counts {used}; there is {true}"
        limits = {name: getattr(CONF.quota, name) for name in true}
        limits |= {row.resource: row.limit for row in records.quotas if row.project_id == project_id}
        for name, amount in true.items():
            if 0 <= limits[name] < amount:
                yield f"project {project_id} has {amount} {name}; {limits[name]} are allowed"


def ports(records):
    """A server's port belongs to a server that is, is where it is, and has an address."""
    addressed = {row.port_id for row in records.fixed_ips}
    bound = collections.defaultdict(list)
    for each in records.port_bindings:
        if each.state == "ACTIVE":
            bound[each.port_id].append(each.host)
    bared = {each.resource_id for each in records.operations if each.name == "remove_fixed_ip"}
    rewired = {each.resource_id for each in records.operations if each.name == "detach_interface"}
    for port in records.ports:
        row = records.alive.get(port.server_id)
        if port.server_id is not None and row is None:
            yield f"port {port.id} is of server {port.server_id}, which is no more"
        if port.server_id is None and port.made_for_server:
            yield f"port {port.id} was made for a server and has none"
        others = port.server_id is None and port.device_owner       # whoever has it says where it is
        if port.server_id is None and (bound[port.id] != [""] and not others or port.nic_index is not None):
            yield f"port {port.id} is of no server and says it is on {bound[port.id]}"
        if row is not None and bound[port.id] != [row.host or ""]:
            yield f"port {port.id} is bound to {bound[port.id]}; its server {row.id} is on {row.host}"
        if row is not None and port.id not in addressed and row.id not in bared:
            yield f"port {port.id} of server {row.id} has no address"
    for row in records.alive.values():
        wanted = [] if row.requested_networks == [{"auto": True}] else row.requested_networks
        mine = {port.nic_index for port in records.ports if port.server_id == row.id}
        if GUESTS.get(row.vm_state) and row.id not in rewired and not set(range(len(wanted))) <= mine:
            yield f"server {row.id} asked for {len(wanted)} NICs and has {sorted(mine)}"


def desired(records):
    """What a host is to follow is what is bound to it, and no revision is missing; of a remote service's ports hosts
    follow what compute keeps.
    """
    if records.view.remote is not None:
        return
    owned = {port.id for port in records.ports if port.server_id is not None}
    bound, indexed = collections.defaultdict(set), collections.defaultdict(set)
    for each in records.port_bindings:
        if each.host and each.port_id in owned:
            bound[f"host:{each.host}"].add(each.port_id)
    newest = {each.scope: each.revision for each in records.scopes}
    for each in records.scope_rows:
        if each.type == "port" and each.gone_at is None:
            indexed[each.scope].add(each.id)
        if each.revision > newest.get(each.scope, 0):
            yield f"{each.type} {each.id} is of revision {each.revision} of {each.scope}, which has none such"
    for scope in sorted({*bound, *indexed}):
        yield from (f"{scope} lacks port {each}, bound there" for each in sorted(bound[scope] - indexed[scope]))
        yield from (f"{scope} has port {each}, not bound there" for each in sorted(indexed[scope] - bound[scope]))


def ledger(records):
    """What other services changed is of a server that is there and of an operation that did not fail, or is undone."""
    failed = {each.id for each in records.operations if each.state in (OperationState.FAILED, OperationState.CANCELLED)}
    for each in records.service_changes:
        what = f"{each.verb} of {each.service} for operation {each.operation_id}"
        if each.state in (ChangeState.WANTED, ChangeState.UNWANTED):
            yield f"{what} is still {each.state}"
        elif each.state == ChangeState.DONE and each.resource_id not in records.alive:
            yield f"{what} is not undone; its server {each.resource_id} is no more"
        elif each.state == ChangeState.DONE and each.operation_id in failed:
            yield f"{what} is not undone, and the operation did not succeed"


def marked(records):
    """What a remote service has by a marker is of a change that is done, and it has that once."""
    seen, rows = set(), {each.id: each for each in records.service_changes}
    for each in records.view.remote.ports if records.view.remote is not None else ():
        change, what = rows.get(each["marker"]), f"port {each['id']} of marker {each['marker']}"
        if each["marker"] is None:
            if each["owned"]:
                yield f"{what} was made for a server"
        elif change is None or change.state != ChangeState.DONE:
            yield f"{what} is there; its change is {change and change.state}"
        elif (each["marker"], each["index"]) in seen:
            yield f"{what} is there twice, as NIC {each['index']}"
        seen.add((each["marker"], each["index"]))


def marked_images(records):
    """What a remote image service has by a marker is there once, and is of no change that failed or was undone."""
    seen, rows = set(), {each.id: each for each in records.service_changes}
    for each in records.view.remote_images or ():
        change = rows.get(each.marker)
        if change is not None and change.state != ChangeState.DONE:
            yield f"image {each.id} of marker {each.marker} is there; its change is {change.state}"
        if each.marker is not None and each.marker in seen:
            yield f"image {each.id} of marker {each.marker} is there twice"
        seen.add(each.marker)


def kept(records):
    """What compute keeps of a server's interfaces is what a remote network service has; of the embedded one, the
    auditor says it (``drift``).
    """
    if records.view.remote is None:
        return
    has, keeps = collections.defaultdict(set), collections.defaultdict(set)
    for port in records.ports:
        if port.server_id is not None:
            has[port.server_id].add((port.id, port.mac_address, port.nic_index))
    for each in records.interfaces:
        keeps[each.server_id].add((each.port_id, each.mac, each.nic_index))
    for server_id in records.alive:
        if has[server_id] != keeps[server_id]:
            yield f"server {server_id} keeps NICs {sorted(keeps[server_id])}; its ports are {sorted(has[server_id])}"


def images(records):
    """An image with data has its file, whole; no file is without an image, and none is half made.

    A file that was whole when its upload was cut off is set aside under its image's id, where nobody takes it for one.
    """
    if records.view.images is None or records.view.remote_images is not None:
        return
    for row in records.images:
        size = records.view.images.get(row.id)
        if row.deleted_at is not None:
            if size is not None:
                yield f"image {row.id} is deleted and its file is there"
        elif row.status in ("active", "deactivated"):
            if size != row.size:
                yield f"image {row.id} is {row.status} with {row.size} bytes; its file has {size}"
        elif row.status != "queued":
            yield f"image {row.id} is still {row.status}"
        elif size is not None:
            yield f"image {row.id} is {row.status} and has a file"
    known = {row.id for row in records.images}
    aside = {name for name in records.view.images if name.startswith("quarantine/") and name[11:47] in known}
    yield from (f"file {each} is of no image" for each in sorted(set(records.view.images) - known - aside))


def copies(records):
    """An image that a server's copy was to fill is filled, or gone; what a server was shelved into goes with that."""
    for row in records.images:
        if row.deleted_at is None and "instance_uuid" in row.properties:
            server = records.alive.get(row.properties["instance_uuid"])
            if row.status == "queued":
                yield f"image {row.id} waits for a copy that nobody makes"
            elif row.name.endswith("-shelved") and (server is None or server.shelved_image_id != row.id):
                yield f"image {row.id} is of a server that is not shelved into it"
    for row in records.alive.values():
        copy = row.shelved_image_id
        if copy is not None and copy not in {each.id for each in records.images if each.status == "active"}:
            yield f"server {row.id} is shelved into image {copy}, which is not there"


# ---- the record

def events(records):
    """The steps of an operation follow each other: each ended, none before the one before it, attempts never fall."""
    for operation in records.operations:
        who = f"{operation.name} {operation.id}"
        steps = records.steps.get(operation.id, [])
        for step in steps:
            if step.finished_at is None or step.outcome is None:
                if operation.finished_at is not None:
                    yield f"{who} ended; its step {step.name} (attempt {step.attempt}) did not"
            elif step.finished_at < step.started_at:
                yield f"{who}: step {step.name} ended before it began"
            if step.attempt > operation.attempt:
                yield f"{who}: step {step.name} is of attempt {step.attempt}, the operation of {operation.attempt}"
        for before, after in itertools.pairwise(steps):
            if after.attempt < before.attempt:
                yield f"{who}: attempt {after.attempt} ({after.name}) comes after {before.attempt} ({before.name})"
            if before.finished_at is None or after.started_at < before.finished_at:
                yield f"{who}: step {after.name} began before {before.name} had ended"
        if steps and operation.finished_at is not None and steps[-1].finished_at is not None:
            if steps[-1].finished_at > operation.finished_at:
                yield f"{who} ended before its step {steps[-1].name}"
            if operation.state == OperationState.DONE and steps[-1].outcome != "Success":
                yield f"{who} is done; its last step {steps[-1].name} was {steps[-1].outcome}"
        if operation.state == OperationState.FAILED and not operation.error:
            yield f"{who} failed and does not say why"
        if operation.state in (OperationState.FAILED, OperationState.CANCELLED) and operation.name in OPERATIONS \
                and not any(step.outcome == "Error" and step.detail for step in steps):
            yield f"{who} was {operation.state} and none of its steps says why"
    for step in records.operation_steps:
        if step.outcome not in (None, "Success", "Error"):
            yield f"step {step.id} came to {step.outcome!r}"


def promises(records):
    """The effect of every request that was answered with success is there."""
    for each in records.view.promises:
        missing = each.kept(records)
        if missing:
            yield f"{each.what}: {missing}"


def secrets(records):
    """No secret in a log, and none in the record."""
    if not records.view.secrets:
        return
    texts = dict(records.view.logs)
    for name in ("operations", "operation_steps", "idempotency_keys", "drifts"):
        texts[f"table {name}"] = orjson.dumps([tuple(row) for row in records._tables[name]], default=str).decode()
    for where, text in texts.items():
        for what, secret in records.view.secrets.items():
            if secret in text:
                yield f"{what} stands in {where}"


def drift(records):
    """The auditor has nothing to say."""
    if records.view.audit is not None:
        for each in records.view.audit():
            yield f"{each.kind} of {each.subject}: {each.detail}"


INVARIANTS = (ended, wiped, states, guests, power_states, files, plugged, wired, statuses, devices, allocations,
              counters, quotas, ports, desired, ledger, marked, marked_images, kept, images, copies, events, promises,
              secrets, drift)
