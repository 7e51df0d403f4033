"""The one table of states: what a server is, what it may do next, and what the API calls it.

The API, the database, the hosts, the documentation and the tests all read it; no other file names a transition.
"""

import dataclasses
import enum


class Vm(enum.StrEnum):
    """vm_state: what a server is when nothing happens to it.  Nova's words."""

    ACTIVE = "active"
    BUILDING = "building"
    STOPPED = "stopped"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    RESCUED = "rescued"
    RESIZED = "resized"
    SHELVED = "shelved"
    SHELVED_OFFLOADED = "shelved_offloaded"
    ERROR = "error"
    SOFT_DELETED = "soft-delete"
    DELETED = "deleted"


class Task(enum.StrEnum):
    """task_state: what is being done to a server; None means nothing.

    Nova's words, but for what it does to interfaces, of which it shows nothing.
    """

    SCHEDULING = "scheduling"
    NETWORKING = "networking"
    SPAWNING = "spawning"
    REBOOTING = "rebooting"
    REBOOTING_HARD = "rebooting_hard"
    POWERING_OFF = "powering-off"
    POWERING_ON = "powering-on"
    PAUSING = "pausing"
    UNPAUSING = "unpausing"
    SUSPENDING = "suspending"
    RESUMING = "resuming"
    REBUILDING = "rebuilding"
    REBUILD_SPAWNING = "rebuild_spawning"
    RESCUING = "rescuing"
    UNRESCUING = "unrescuing"
    RESIZE_PREP = "resize_prep"
    RESIZE_MIGRATING = "resize_migrating"
    RESIZE_FINISH = "resize_finish"
    RESIZE_CONFIRMING = "resize_confirming"
    RESIZE_REVERTING = "resize_reverting"
    SNAPSHOT_PENDING = "image_snapshot_pending"
    SNAPSHOT = "image_snapshot"
    UPLOADING = "image_uploading"
    BACKUP = "image_backup"
    SOFT_DELETING = "soft-deleting"
    RESTORING = "restoring"
    UPDATING_PASSWORD = "updating_password"
    ATTACHING_INTERFACE = "attaching_interface"
    DETACHING_INTERFACE = "detaching_interface"
    UPDATING_ADDRESSES = "updating_addresses"
    SHELVING = "shelving"
    SHELVING_OFFLOADING = "shelving_offloading"
    UNSHELVING = "unshelving"
    DELETING = "deleting"


class Power(enum.IntEnum):
    """power_state: what the hypervisor says.  Nova's numbers."""

    NOSTATE = 0
    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4
    CRASHED = 6
    SUSPENDED = 7


class OperationState(enum.StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: An operation in one of these has not ended.
OPEN = frozenset({OperationState.QUEUED, OperationState.RUNNING})


#: Services that have a part in operations, by the topics of their messages.
COMPUTE, CONDUCTOR = "compute", "conductor"
#: The gate for work that takes long and much of a host, of which few run at once.
BUILDS = "builds"


#: The step of a host that waits until ports are ACTIVE; what starts a guest comes before it.
PLUGGING = "vif_plugging"

#: A type of resource that operations work on, see db/resources.py.
SERVER = "server"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A second resource of an operation, which is claimed and freed together with the first.

    :ivar resource: its type.  The rest is as of Operation.
    """

    resource: str
    allowed: frozenset
    task: str
    then: str
    failing: str | None = None
    keeps: frozenset = frozenset()
    heeds_lock: bool = True
    placed: bool = False


@dataclasses.dataclass(frozen=True)
class Operation:
    """One row of the table.  Its states are those of its resource; a server's are vm_states and task_states.

    :ivar name: its method's name on every floor (rpcapi, Endpoint, task), and what the database calls it; no other
        operation has it, on whatever resource.
    :ivar allowed: states it may start from.
    :ivar task: what the resource shows as being done to it while it runs.
    :ivar then: state when it succeeded.
    :ivar failing: state when it failed; None leaves the resource as it was.
    :ivar action: what users know it as, in os-instance-actions and refusals; Nova's words.
    :ivar refused_as: the same in refusals alone; None: as ``action``.
    :ivar keeps: states that it leaves as they were when it succeeded, whatever ``then`` says.
    :ivar interrupts: tasks it may start in besides None; None itself in the set is implied.
    :ivar overtakes: it cancels whatever else runs on the resource.
    :ivar heeds_lock: whether a locked resource refuses it to members.
    :ivar placed: whether it needs a resource that is on a host.
    :ivar consoles: whether the guest goes on living, and its consoles with it.
    :ivar deadline: seconds after which it is given up.
    :ivar topics: services that have a part in it; each has a method of this name.
    :ivar effect: its class below ``conductor.effects``: what it changes in the database.
    :ivar gate: what its work on a host has to pass, BUILDS; None: it begins at once.
    :ivar resource: the type of what it works on.
    :ivar subjects: Subjects, one of a type, that may be claimed with it.
    """

    name: str
    allowed: frozenset
    task: Task
    then: Vm
    failing: Vm | None
    action: str
    refused_as: str | None = None
    interrupts: frozenset = frozenset()
    overtakes: bool = False
    deadline: int = 600
    keeps: frozenset = frozenset()
    heeds_lock: bool = True
    placed: bool = True
    consoles: bool = False
    effect: str = "base.ServerEffect"
    topics: tuple = (COMPUTE,)
    gate: str | None = None
    resource: str = SERVER
    subjects: tuple = ()

    def on(self, resource_type):
        """What this does to its subject of a type, as a row of its own."""
        [subject] = [each for each in self.subjects if each.resource == resource_type]
        return dataclasses.replace(self, interrupts=frozenset(), overtakes=False, subjects=(), **vars(subject))

    def leads_to(self, state):
        """The state of a resource that was in ``state`` when this began, and has succeeded."""
        return state if state in self.keeps else self.then


def _op(name, allowed, task, then, failing, action, **rest):
    return Operation(name, frozenset(allowed), task, then, failing, action, **rest)


#: Where a server's disk can be copied into an image; the server stays what it is.
_COPIED = frozenset({Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED})
#: Where its interfaces can change, and where the addresses of these (wherever there is a host); likewise.
_WIRED = frozenset({Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED})
_ADDRESSED = frozenset(Vm) - {Vm.BUILDING, Vm.SHELVED_OFFLOADED, Vm.DELETED}
_BOTH = (CONDUCTOR, COMPUTE)

OPERATIONS = {op.name: op for op in (
    # name, may start from, while it runs, then, or failing (None: as it was), what users call it
    _op("build_server", {Vm.BUILDING}, Task.SCHEDULING, Vm.ACTIVE, Vm.ERROR, "create",
        effect="build.BuildServer", topics=_BOTH, gate=BUILDS, deadline=1800),
    _op("stop_server", {Vm.ACTIVE, Vm.ERROR}, Task.POWERING_OFF, Vm.STOPPED, None, "stop"),
    _op("start_server", {Vm.STOPPED}, Task.POWERING_ON, Vm.ACTIVE, None, "start"),
    _op("reboot_server", {Vm.ACTIVE}, Task.REBOOTING, Vm.ACTIVE, None, "reboot", consoles=True),
    _op("hard_reboot_server", {Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED, Vm.ERROR}, Task.REBOOTING_HARD,
        Vm.ACTIVE, Vm.ERROR, "reboot",
        effect="power.HardRebootServer", interrupts=frozenset({
            Task.REBOOTING, Task.REBOOTING_HARD, Task.PAUSING, Task.UNPAUSING, Task.SUSPENDING, Task.RESUMING})),
    _op("pause_server", {Vm.ACTIVE}, Task.PAUSING, Vm.PAUSED, None, "pause", consoles=True),
    _op("unpause_server", {Vm.PAUSED}, Task.UNPAUSING, Vm.ACTIVE, None, "unpause", consoles=True),
    _op("suspend_server", {Vm.ACTIVE}, Task.SUSPENDING, Vm.SUSPENDED, None, "suspend", deadline=1800),
    _op("resume_server", {Vm.SUSPENDED}, Task.RESUMING, Vm.ACTIVE, None, "resume", deadline=1800),
    _op("snapshot_server", _COPIED, Task.SNAPSHOT_PENDING, Vm.ACTIVE, None, "createImage",
        effect="snapshot.SnapshotServer", gate=BUILDS, keeps=_COPIED, heeds_lock=False, consoles=True, deadline=7200),
    _op("backup_server", _COPIED, Task.BACKUP, Vm.ACTIVE, None, "createBackup",
        effect="snapshot.BackupServer", gate=BUILDS, keeps=_COPIED, heeds_lock=False, consoles=True, deadline=7200),
    _op("resize_server", {Vm.ACTIVE, Vm.STOPPED}, Task.RESIZE_PREP, Vm.RESIZED, None, "resize",
        effect="resize.ResizeServer", gate=BUILDS, deadline=3600),
    _op("confirm_resize", {Vm.RESIZED}, Task.RESIZE_CONFIRMING, Vm.ACTIVE, None, "confirmResize",
        effect="resize.ConfirmResize"),
    _op("revert_resize", {Vm.RESIZED}, Task.RESIZE_REVERTING, Vm.ACTIVE, None, "revertResize",
        effect="resize.RevertResize"),
    _op("shelve_server", _COPIED, Task.SHELVING, Vm.SHELVED, None, "shelve",
        effect="shelve.ShelveServer", gate=BUILDS, deadline=7200),
    _op("offload_server", {Vm.SHELVED}, Task.SHELVING_OFFLOADING, Vm.SHELVED_OFFLOADED, None, "shelveOffload",
        effect="shelve.OffloadServer", deadline=3600),
    _op("unshelve_server", {Vm.SHELVED, Vm.SHELVED_OFFLOADED}, Task.UNSHELVING, Vm.ACTIVE, None, "unshelve",
        effect="shelve.UnshelveServer", topics=_BOTH, gate=BUILDS, placed=False, deadline=1800),
    _op("change_password", {Vm.ACTIVE}, Task.UPDATING_PASSWORD, Vm.ACTIVE, None, "changePassword",
        effect="guest.ChangePassword", consoles=True),
    _op("attach_interface", _WIRED, Task.ATTACHING_INTERFACE, Vm.ACTIVE, None, "attach_interface",
        effect="interfaces.AttachInterface", keeps=_WIRED, consoles=True),
    _op("detach_interface", _WIRED, Task.DETACHING_INTERFACE, Vm.ACTIVE, None, "detach_interface",
        effect="interfaces.DetachInterface", keeps=_WIRED, consoles=True),
    _op("add_fixed_ip", _ADDRESSED, Task.UPDATING_ADDRESSES, Vm.ACTIVE, None, "addFixedIp",
        effect="interfaces.AddFixedIp", keeps=_ADDRESSED, consoles=True),
    _op("remove_fixed_ip", _ADDRESSED, Task.UPDATING_ADDRESSES, Vm.ACTIVE, None, "removeFixedIp",
        effect="interfaces.RemoveFixedIp", keeps=_ADDRESSED, consoles=True),
    _op("rebuild_server", {Vm.ACTIVE, Vm.STOPPED, Vm.ERROR}, Task.REBUILDING, Vm.ACTIVE, Vm.ERROR, "rebuild",
        effect="rebuild.RebuildServer", topics=_BOTH, gate=BUILDS, keeps=frozenset({Vm.STOPPED}), deadline=1800),
    _op("rescue_server", {Vm.ACTIVE, Vm.STOPPED, Vm.ERROR}, Task.RESCUING, Vm.RESCUED, None, "rescue",
        effect="rescue.RescueServer", gate=BUILDS, deadline=1800),
    _op("unrescue_server", {Vm.RESCUED}, Task.UNRESCUING, Vm.ACTIVE, None, "unrescue",
        effect="rescue.UnrescueServer"),
    _op("soft_delete_server", set(Vm) - {Vm.DELETED, Vm.BUILDING, Vm.SHELVED_OFFLOADED}, Task.SOFT_DELETING,
        Vm.SOFT_DELETED, None, "delete",
        effect="delete.SoftDeleteServer",
        interrupts=frozenset(Task) - {Task.SOFT_DELETING, Task.DELETING, Task.SHELVING_OFFLOADING}),
    _op("restore_server", {Vm.SOFT_DELETED}, Task.RESTORING, Vm.ACTIVE, None, "restore",
        effect="delete.RestoreServer"),
    _op("delete_server", set(Vm) - {Vm.DELETED}, Task.DELETING, Vm.DELETED, Vm.ERROR, "delete",
        effect="delete.DeleteServer", topics=_BOTH, interrupts=frozenset(Task) - {Task.DELETING}, overtakes=True,
        deadline=3600),
)}

#: What begins and is over in one transaction, so that nobody runs it: its checks, and a line in the history.
TRIGGER_CRASH_DUMP = _op("trigger_crash_dump", {Vm.ACTIVE, Vm.PAUSED, Vm.RESCUED, Vm.RESIZED, Vm.ERROR}, None, None,
                         None, "trigger_crash_dump")
RESET_STATE = _op("reset_state", Vm, None, None, None, "resetState")
#: No host takes servers of another yet, so these end at once as well.
MIGRATE = _op("migrate_server", {Vm.ACTIVE, Vm.STOPPED}, None, None, None, "migrate")
LIVE_MIGRATE = _op("live_migrate_server", {Vm.ACTIVE, Vm.PAUSED}, None, None, None, "live-migration",
                   refused_as="os-migrateLive")
EVACUATE = _op("evacuate_server", {Vm.ACTIVE, Vm.STOPPED, Vm.ERROR}, None, None, None, "evacuate")
_AT_ONCE = {op.name: op for op in (TRIGGER_CRASH_DUMP, RESET_STATE, MIGRATE, LIVE_MIGRATE, EVACUATE)}


def action(name):
    """What users know the operation ``name`` as, in os-instance-actions; a newer release's name as it is."""
    row = OPERATIONS.get(name) or _AT_ONCE.get(name)
    return row.action if row else name


#: What is done to a server's interfaces, which hosts do one after the other, whoever asks.
ON_INTERFACES = frozenset({Task.ATTACHING_INTERFACE, Task.DETACHING_INTERFACE, Task.UPDATING_ADDRESSES})

_REBOOT = {Task.REBOOTING: "REBOOT", Task.REBOOTING_HARD: "HARD_REBOOT"}
_REBUILD = {Task.REBUILDING: "REBUILD", Task.REBUILD_SPAWNING: "REBUILD"}
_RESIZE = dict.fromkeys((Task.RESIZE_PREP, Task.RESIZE_MIGRATING, Task.RESIZE_FINISH), "RESIZE")

#: vm_state -> what the API shows as ``status``; a dict chooses by task_state, "default" otherwise.
STATUS = {
    Vm.ACTIVE: {"default": "ACTIVE", **_REBOOT, **_REBUILD, **_RESIZE, Task.UPDATING_PASSWORD: "PASSWORD"},
    Vm.BUILDING: {"default": "BUILD"},
    Vm.STOPPED: {"default": "SHUTOFF", **_REBUILD, **_RESIZE},
    Vm.RESIZED: {"default": "VERIFY_RESIZE", Task.RESIZE_REVERTING: "REVERT_RESIZE"},
    Vm.PAUSED: {"default": "PAUSED"},
    Vm.SUSPENDED: {"default": "SUSPENDED"},
    Vm.RESCUED: {"default": "RESCUE"},
    Vm.SHELVED: {"default": "SHELVED"},
    Vm.SHELVED_OFFLOADED: {"default": "SHELVED_OFFLOADED"},
    Vm.ERROR: {"default": "ERROR", **_REBUILD},
    Vm.SOFT_DELETED: {"default": "SOFT_DELETED"},
    Vm.DELETED: {"default": "DELETED"},
}


def status(vm_state, task_state):
    """The API's status of a server ("ACTIVE", "HARD_REBOOT"); "UNKNOWN" for a vm_state of a newer release."""
    row = STATUS.get(vm_state)
    return row.get(task_state, row["default"]) if row else "UNKNOWN"


_ON = dict.fromkeys((Power.RUNNING, Power.PAUSED, Power.SUSPENDED), Vm.ACTIVE)
_OFF = dict.fromkeys((Power.NOSTATE, Power.SHUTDOWN, Power.CRASHED), Vm.STOPPED)
#: vm_state -> what a server that rests in it becomes when its guest is seen with a power; no entry: what it was.
_SEEN = {
    Vm.ACTIVE: _OFF,
    Vm.STOPPED: _ON,
    Vm.PAUSED: {Power.RUNNING: Vm.ACTIVE, **_OFF},
    Vm.SUSPENDED: {Power.RUNNING: Vm.ACTIVE},           # off, its memory on disk
}


def seen(vm_state, power):
    """The vm_state of a server that rests in ``vm_state`` and whose guest is seen with ``power``."""
    return _SEEN.get(vm_state, {}).get(power, vm_state)


def vm_states_of(wanted):
    """The (vm_state, task_state or None) pairs that show as status ``wanted``; empty where no status has that name."""
    wanted = wanted.upper()
    return [(vm, None if task == "default" else task)
            for vm, row in STATUS.items() for task, shown in row.items() if shown == wanted]
