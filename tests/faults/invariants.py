"""What must hold after any fault: one checker for simulated machines and for real ones.

``check(view)`` reads every table in one transaction, compares it with what the hosts have, with what was promised and
with what was logged, and answers a list of Violations; an empty list is the only good answer.  Each invariant is one
function of the list ``INVARIANTS``: a generator of texts over a ``Sight`` (the View and the rows of the database).
"""

import collections
import dataclasses
import datetime
import itertools

import orjson
import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db.models import Base
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
    """

    guests: dict
    ports: dict
    files: set | None = None
    taps: set | None = None
    leases: set | None = None
    nics: dict | None = None


@dataclasses.dataclass(frozen=True)
class Promise:
    """One acknowledged request.  :ivar kept: callable(Sight) -> "" when its effect is there, else what is missing."""

    what: str
    kept: object


@dataclasses.dataclass
class View:
    """Everything a checker may look at.

    :ivar engine: of the database.  :ivar hosts: {name: Host}.
    :ivar promises: [Promise] of every request that was answered with 2xx.
    :ivar logs: {name: text}.  :ivar secrets: {what it is: text} that may stand in no log.
    :ivar whole: when the last process came back, as the database tells time; None: nobody was away.
    :ivar bound: seconds after ``whole`` (or after its acceptance) by which an operation has ended.
    :ivar images: {image id: bytes} of the files in the image store, with "incoming/..." for half ones; None: unknown.
    :ivar audit: callable -> [objects.drift.Finding]; None leaves the auditor out (see ``audit`` below).
    :ivar touched: ids of servers whose guests were changed from outside: their state follows the guest.
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


@dataclasses.dataclass(frozen=True)
class Violation:
    invariant: str
    text: str

    def __str__(self):
        return f"{self.invariant}: {self.text}"


def check(view):
    """[Violation]"""
    sight = Sight(view)
    return [Violation(each.__name__, text) for each in INVARIANTS for text in each(sight)]


def audit(network):
    """What the auditor finds in the database of this very process's CONF, without mending.

    :param network: the network facade.
    """
    from nova_lite.conductor.auditor import Auditor
    return Auditor(network, repair=False).examine()[0]


# ---- what promises there are

def accepted(name, server_id, request_id):
    """An operation was accepted: it is on record (what became of it, ``ended`` and ``states`` judge)."""
    def kept(sight):
        return "" if any((each.name, each.server_id, each.request_id) == (name, server_id, request_id)
                         for each in sight.operations) else "the operation is not on record"
    return Promise(f"{name} of server {server_id} ({request_id})", kept)


def deleted(server_id):
    """A server's deletion was accepted."""
    def kept(sight):
        row = sight.servers.get(server_id)
        return "" if row is None or row.deleted_at is not None else f"it is {row.vm_state}, {row.task_state}"
    return Promise(f"deletion of server {server_id}", kept)


class Sight:
    """A View and the rows of the database: ``sight.servers`` is {id: row}, every other table a list of rows."""

    def __init__(self, view):
        self.view = view
        self._tables = {}
        with view.engine.connect() as connection:
            for name in _READ:
                table = Base.metadata.tables[name]
                self._tables[name] = connection.execute(sa.select(table).order_by(*table.primary_key)).all()
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


_READ = ("servers", "operations", "operation_steps", "allocations", "compute_nodes", "ports", "fixed_ips", "images",
         "quotas", "idempotency_keys", "drifts", "keypairs", "flavors", "networks", "subnets", "security_groups",
         "identity_projects", "identity_users")


# ---- operations

def ended(sight):
    """Every operation is final, in time."""
    view = sight.view
    for each in sight.operations:
        who = f"{each.name} {each.id} of server {each.server_id}"
        if each.state in OPEN or each.finished_at is None:
            yield (f"{who} is {each.state} at {each.place}, step {each.step}, attempt {each.attempt}, led by "
                   f"{each.worker} until {each.lease_until}")
            continue
        began = max(filter(None, (each.created_at, view.whole)))
        took = (each.finished_at - began).total_seconds()
        if took > view.bound:
            yield f"{who} ended {took:.1f} s after all was well"


def wiped(sight):
    """What an operation was given is gone when it has ended, and so are its claims."""
    for each in sight.operations:
        if each.finished_at is None:
            continue
        if each.args:
            yield f"{each.name} {each.id} keeps its arguments {sorted(each.args)}"
        if each.lease_until is not None:
            yield f"{each.name} {each.id} ended and keeps its lease"


def states(sight):
    """A server rests, and is what the last operation that was not overtaken made of it."""
    last = {}
    for each in sorted(sight.operations, key=lambda row: (row.finished_at or datetime.datetime.max, row.created_at)):
        if each.state in (OperationState.DONE, OperationState.FAILED):
            last[each.server_id] = each
    for row in sight.servers.values():
        who = f"server {row.id}"
        if row.task_state is not None:
            yield f"{who} is {row.vm_state} and still {row.task_state}"
        if (row.deleted_at is not None) != (row.vm_state == Vm.DELETED):
            yield f"{who} is {row.vm_state} and was deleted at {row.deleted_at}"
        operation = last.get(row.id)
        spec = OPERATIONS.get(operation.name) if operation else None    # else it is a note of what an operator set
        if row.id not in sight.view.touched and spec is not None:
            before = operation.previous.get("vm_state")
            wanted = spec.leads_to(before) if operation.state == OperationState.DONE else spec.failing or before
            # A failed operation may have had its effect: then the server follows its guest, as ``guests`` judges.
            follows = operation.state == OperationState.FAILED and not spec.failing
            if wanted is not None and row.vm_state != wanted and not follows:
                yield f"{who} is {row.vm_state}; its last operation {operation.name} was {operation.state}: {wanted}"
        if row.vm_state == Vm.ERROR and not row.fault and spec is not None:
            yield f"{who} is in error and does not say why"


# ---- guests and what they have on hosts

def guests(sight):
    """Exactly one guest a server, where the server is, in its state; none without a server."""
    for name, host in sight.view.hosts.items():
        for server_id in host.guests:
            row = sight.alive.get(server_id)
            if row is None:
                yield f"host {name} has a guest of server {server_id}, which is no more"
            elif row.host != name:
                yield f"host {name} has a guest of server {server_id}, which is on {row.host}"
    for row in sight.alive.values():
        wanted = GUESTS.get(row.vm_state)
        host = sight.view.hosts.get(row.host)
        if wanted is None or host is None:
            if wanted and row.host is None:
                yield f"server {row.id} is {row.vm_state} and on no host"
            continue
        power = host.guests.get(row.id)
        if power not in wanted and (wanted or power is not None):
            yield f"server {row.id} is {row.vm_state} on {row.host}; its guest there is {_power(power)}"


def _power(power):
    return "missing" if power is None else Power(power).name


def power_states(sight):
    """The power state that is shown is the guest's."""
    for row in sight.alive.values():
        host = sight.view.hosts.get(row.host)
        if host is not None and GUESTS.get(row.vm_state):
            power = host.guests.get(row.id, Power.NOSTATE)
            if row.power_state != power:
                yield f"server {row.id} shows power {_power(row.power_state)}; its guest is {_power(power)}"


def files(sight):
    """Files of a guest have an owner on that host, and every guest has its files."""
    for name, host in sight.view.hosts.items():
        if host.files is None:
            continue
        owners = {row.id for row in sight.alive.values() if row.host == name}
        needed = {row.id for row in sight.alive.values() if row.host == name and GUESTS.get(row.vm_state)}
        yield from (f"host {name} keeps files of {each}, which is not there" for each in sorted(host.files - owners))
        yield from (f"host {name} lacks the files of server {each}" for each in sorted(needed - host.files))


def plugged(sight):
    """A port is plugged where its server is, and nowhere else; nothing is plugged that is no port."""
    ports = {row.id: row for row in sight.ports}
    for name, host in sight.view.hosts.items():
        for port_id, server_id in host.ports.items():
            port, row = ports.get(port_id), sight.alive.get(server_id)
            if port is None or port.server_id != server_id or row is None or row.host != name:
                yield f"host {name} has port {port_id} of server {server_id} plugged, which is not its own"
    for port in sight.ports:
        row = sight.alive.get(port.server_id)
        host = row and sight.view.hosts.get(row.host)
        if host is not None and GUESTS.get(row.vm_state) and host.ports.get(port.id) != port.server_id:
            yield f"port {port.id} of server {row.id} is not plugged on {row.host}"


def wired(sight):
    """A guest that runs has a NIC for each port of its server, and no other."""
    macs = collections.defaultdict(set)
    for port in sight.ports:
        macs[port.server_id].add(port.mac_address)
    for row in sight.alive.values():
        host = sight.view.hosts.get(row.host)
        if host is not None and host.nics is not None and host.guests.get(row.id) in (Power.RUNNING, Power.PAUSED):
            has = host.nics.get(row.id, set())
            if has != macs[row.id]:
                yield f"the guest of server {row.id} has NICs {sorted(has)}, not {sorted(macs[row.id])}"


def devices(sight):
    """Each port of a running guest has its device and its DHCP entry, and there is no other."""
    for name, host in sight.view.hosts.items():
        here = [port for port in sight.ports if (row := sight.alive.get(port.server_id)) and row.host == name]
        if host.taps is not None:
            owned = {f"tap{port.id[:11]}" for port in here}
            running = {f"tap{port.id[:11]}" for port in here if host.guests.get(port.server_id) == Power.RUNNING}
            yield from (f"device {each} on {name} is nobody's" for each in sorted(host.taps - owned))
            yield from (f"device {each} is missing on {name}" for each in sorted(running - host.taps))
        if host.leases is not None:
            known = {port.id for port in here} | {port.mac_address for port in here}
            yield from (f"DHCP on {name} knows {each}, nobody's" for each in sorted(host.leases - known))
            yield from (f"DHCP on {name} does not know port {port.id} ({port.mac_address})" for port in here
                        if GUESTS.get(sight.alive[port.server_id].vm_state)
                        and not {port.id, port.mac_address} & host.leases)


# ---- what servers hold

def allocations(sight):
    """A placed server holds exactly what its flavor asks of its host; nothing else holds anything."""
    held = {row.server_id: row for row in sight.allocations}
    for row in held.values():
        if row.server_id not in sight.alive:
            yield f"{row.host} holds room for server {row.server_id}, which is no more"
    for row in sight.alive.values():
        has, wanted = held.get(row.id), (row.host, *_asked(row.flavor))
        if row.host is None or row.vm_state == "shelved_offloaded":
            if has is not None:
                yield f"server {row.id} is on no host and holds room of {has.host}"
        elif has is None:
            yield f"server {row.id} holds nothing of {row.host}"
        elif (has.host, has.vcpus, has.memory_mb, has.disk_gb) != wanted:
            yield f"server {row.id} holds {(has.host, has.vcpus, has.memory_mb, has.disk_gb)}, not {wanted}"


def _asked(flavor):
    disk = flavor["root_gb"] + flavor.get("ephemeral_gb", 0) + -(-flavor.get("swap_mb", 0) // 1024)
    return flavor["vcpus"], flavor["memory_mb"], disk


def counters(sight):
    """What a host has given away is the sum of what is held of it."""
    sums = collections.defaultdict(lambda: [0, 0, 0])
    for row in sight.allocations:
        for place, amount in enumerate((row.vcpus, row.memory_mb, row.disk_gb)):
            sums[row.host][place] += amount
    for node in sight.compute_nodes:
        used = [node.vcpus_used, node.memory_mb_used, node.disk_gb_used]
        if used != sums[node.host]:
            yield f"{node.host} counts {used} as given; held are {sums[node.host]}"


def quotas(sight):
    """What quota counts is what there is, and no more than allowed."""
    from nova_lite.db import quotas as counting
    for project_id in {row.project_id for row in sight.servers.values()}:
        mine = [row.flavor for row in sight.alive.values()      # what may be taken back for a while does not count
                if row.project_id == project_id and row.vm_state != "soft-delete"]
        true = {"instances": len(mine), "cores": sum(each["vcpus"] for each in mine),
                "ram": sum(each["memory_mb"] for each in mine)}
        with sa.orm.Session(sight.view.engine) as session:
            used = counting.usage(session, project_id)
        if used != true:
            yield f"quota of project {project_id} counts {used}; there is {true}"
        limits = {name: getattr(CONF.quota, name) for name in true}
        limits |= {row.resource: row.limit for row in sight.quotas if row.project_id == project_id}
        for name, amount in true.items():
            if 0 <= limits[name] < amount:
                yield f"project {project_id} has {amount} {name}; {limits[name]} are allowed"


def ports(sight):
    """A server's port belongs to a server that is, is where it is, and has an address."""
    addressed = {row.port_id for row in sight.fixed_ips}
    bared = {each.server_id for each in sight.operations if each.name == "removeFixedIp"}
    rewired = {each.server_id for each in sight.operations if each.name == "detach_interface"}
    for port in sight.ports:
        row = sight.alive.get(port.server_id)
        if port.server_id is not None and row is None:
            yield f"port {port.id} is of server {port.server_id}, which is no more"
        if port.server_id is None and port.made_for_server:
            yield f"port {port.id} was made for a server and has none"
        if port.server_id is None and (port.host is not None or port.nic_index is not None):
            yield f"port {port.id} is of no server and says it is on {port.host}"
        if row is not None and port.host != row.host:
            yield f"port {port.id} is on {port.host}; its server {row.id} is on {row.host}"
        if row is not None and port.id not in addressed and row.id not in bared:
            yield f"port {port.id} of server {row.id} has no address"
    for row in sight.alive.values():
        wanted = [] if row.requested_networks == [{"auto": True}] else row.requested_networks
        mine = {port.nic_index for port in sight.ports if port.server_id == row.id}
        if GUESTS.get(row.vm_state) and row.id not in rewired and not set(range(len(wanted))) <= mine:
            yield f"server {row.id} asked for {len(wanted)} NICs and has {sorted(mine)}"


def images(sight):
    """An image with data has its file, whole; no file is without an image, and none is half made."""
    if sight.view.images is None:
        return
    for row in sight.images:
        size = sight.view.images.get(row.id)
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
    known = {row.id for row in sight.images}
    yield from (f"file {each} is of no image" for each in sorted(set(sight.view.images) - known))


def copies(sight):
    """An image that a server's copy was to fill is filled, or gone; what a server was shelved into goes with that."""
    for row in sight.images:
        if row.deleted_at is None and "instance_uuid" in row.properties:
            server = sight.alive.get(row.properties["instance_uuid"])
            if row.status == "queued":
                yield f"image {row.id} waits for a copy that nobody makes"
            elif row.name.endswith("-shelved") and (server is None or server.remembered.get("shelved_image") != row.id):
                yield f"image {row.id} is of a server that is not shelved into it"
    for row in sight.alive.values():
        copy = row.remembered.get("shelved_image")
        if copy is not None and copy not in {each.id for each in sight.images if each.status == "active"}:
            yield f"server {row.id} is shelved into image {copy}, which is not there"


# ---- the record

def events(sight):
    """The steps of an operation follow each other: each ended, none before the one before it, attempts never fall."""
    for operation in sight.operations:
        who = f"{operation.name} {operation.id}"
        steps = sight.steps.get(operation.id, [])
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
    for step in sight.operation_steps:
        if step.outcome not in (None, "Success", "Error"):
            yield f"step {step.id} came to {step.outcome!r}"


def promises(sight):
    """The effect of every request that was answered with success is there."""
    for each in sight.view.promises:
        missing = each.kept(sight)
        if missing:
            yield f"{each.what}: {missing}"


def secrets(sight):
    """No secret in a log, and none in the record."""
    if not sight.view.secrets:
        return
    texts = dict(sight.view.logs)
    for name in ("operations", "operation_steps", "idempotency_keys", "drifts"):
        texts[f"table {name}"] = orjson.dumps([tuple(row) for row in sight._tables[name]], default=str).decode()
    for where, text in texts.items():
        for what, secret in sight.view.secrets.items():
            if secret in text:
                yield f"{what} stands in {where}"


def drift(sight):
    """The auditor has nothing to say."""
    if sight.view.audit is not None:
        for each in sight.view.audit():
            yield f"{each.kind} of {each.subject}: {each.detail}"


INVARIANTS = (ended, wiped, states, guests, power_states, files, plugged, wired, devices, allocations, counters, quotas,
              ports, images, copies, events, promises, secrets, drift)
