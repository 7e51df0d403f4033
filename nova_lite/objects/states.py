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


@dataclasses.dataclass(frozen=True)
class Operation:
    """One row of the table.

    :ivar name: see ``action`` for how users know it.
    :ivar allowed: vm_states it may start from.
    :ivar task: task_state while it runs.
    :ivar then: vm_state when it succeeded.
    :ivar failing: vm_state when it failed; None leaves the server as it was.
    :ivar keeps: vm_states that it leaves as they were when it succeeded, whatever ``then`` says.
    :ivar interrupts: task_states it may start in besides None; None itself in the set is implied.
    :ivar overtakes: it cancels whatever else runs on the server.
    :ivar heeds_lock: whether a locked server refuses it to members.
    :ivar placed: whether it needs a server that is on a host.
    :ivar deadline: seconds after which it is given up.
    """

    name: str
    allowed: frozenset
    task: Task
    then: Vm
    failing: Vm | None
    interrupts: frozenset = frozenset()
    overtakes: bool = False
    deadline: int = 600
    keeps: frozenset = frozenset()
    heeds_lock: bool = True
    placed: bool = True

    def leads_to(self, vm_state):
        """The vm_state of a server that was in ``vm_state`` when this began, and has succeeded."""
        return vm_state if vm_state in self.keeps else self.then


def _op(name, allowed, task, then, failing, **rest):
    return Operation(name, frozenset(allowed), task, then, failing, **rest)


#: Where a server's disk can be copied into an image; the server stays what it is.
_COPIED = frozenset({Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED})
#: Where its interfaces can change, and where the addresses of these (wherever there is a host); likewise.
_WIRED = frozenset({Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED})
_ADDRESSED = frozenset(Vm) - {Vm.BUILDING, Vm.SHELVED_OFFLOADED, Vm.DELETED}

OPERATIONS = {op.name: op for op in (
    #    name           may start from               while it runs         then         or, failing (None: as it was)
    _op("create",      {Vm.BUILDING},                Task.SCHEDULING,      Vm.ACTIVE,   Vm.ERROR, deadline=1800),
    _op("stop",        {Vm.ACTIVE, Vm.ERROR},        Task.POWERING_OFF,    Vm.STOPPED,  None),
    _op("start",       {Vm.STOPPED},                 Task.POWERING_ON,     Vm.ACTIVE,   None),
    _op("reboot",      {Vm.ACTIVE},                  Task.REBOOTING,       Vm.ACTIVE,   None),
    _op("reboot_hard", {Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED, Vm.ERROR},
                                                     Task.REBOOTING_HARD,  Vm.ACTIVE,   Vm.ERROR,
        interrupts=frozenset({Task.REBOOTING, Task.REBOOTING_HARD, Task.PAUSING, Task.UNPAUSING, Task.SUSPENDING,
                              Task.RESUMING})),
    _op("pause",       {Vm.ACTIVE},                  Task.PAUSING,         Vm.PAUSED,   None),
    _op("unpause",     {Vm.PAUSED},                  Task.UNPAUSING,       Vm.ACTIVE,   None),
    _op("suspend",     {Vm.ACTIVE},                  Task.SUSPENDING,      Vm.SUSPENDED, None, deadline=1800),
    _op("resume",      {Vm.SUSPENDED},               Task.RESUMING,        Vm.ACTIVE,   None, deadline=1800),
    _op("createImage", _COPIED,                      Task.SNAPSHOT_PENDING, Vm.ACTIVE,  None,
        keeps=_COPIED, heeds_lock=False, deadline=7200),
    _op("createBackup", _COPIED,                     Task.BACKUP,          Vm.ACTIVE,   None,
        keeps=_COPIED, heeds_lock=False, deadline=7200),
    _op("resize",      {Vm.ACTIVE, Vm.STOPPED},      Task.RESIZE_PREP,     Vm.RESIZED,  None, deadline=3600),
    _op("confirmResize", {Vm.RESIZED},               Task.RESIZE_CONFIRMING, Vm.ACTIVE, None),
    _op("revertResize", {Vm.RESIZED},                Task.RESIZE_REVERTING, Vm.ACTIVE,  None),
    _op("shelve",      _COPIED,                      Task.SHELVING,        Vm.SHELVED,  None, deadline=7200),
    _op("shelveOffload", {Vm.SHELVED},               Task.SHELVING_OFFLOADING, Vm.SHELVED_OFFLOADED, None,
        deadline=3600),
    _op("unshelve",    {Vm.SHELVED, Vm.SHELVED_OFFLOADED},
                                                     Task.UNSHELVING,      Vm.ACTIVE,   None, placed=False,
        deadline=1800),
    _op("changePassword", {Vm.ACTIVE},               Task.UPDATING_PASSWORD, Vm.ACTIVE, None),
    _op("attach_interface", _WIRED,                  Task.ATTACHING_INTERFACE, Vm.ACTIVE, None, keeps=_WIRED),
    _op("detach_interface", _WIRED,                  Task.DETACHING_INTERFACE, Vm.ACTIVE, None, keeps=_WIRED),
    _op("addFixedIp",  _ADDRESSED,                   Task.UPDATING_ADDRESSES, Vm.ACTIVE, None, keeps=_ADDRESSED),
    _op("removeFixedIp", _ADDRESSED,                 Task.UPDATING_ADDRESSES, Vm.ACTIVE, None, keeps=_ADDRESSED),
    _op("rebuild",     {Vm.ACTIVE, Vm.STOPPED, Vm.ERROR},
                                                     Task.REBUILDING,      Vm.ACTIVE,   Vm.ERROR,
        keeps=frozenset({Vm.STOPPED}), deadline=1800),
    _op("rescue",      {Vm.ACTIVE, Vm.STOPPED, Vm.ERROR},
                                                     Task.RESCUING,        Vm.RESCUED,  None, deadline=1800),
    _op("unrescue",    {Vm.RESCUED},                 Task.UNRESCUING,      Vm.ACTIVE,   None),
    _op("soft_delete", set(Vm) - {Vm.DELETED, Vm.BUILDING, Vm.SHELVED_OFFLOADED},
                                                     Task.SOFT_DELETING,   Vm.SOFT_DELETED, None,
        interrupts=frozenset(Task) - {Task.SOFT_DELETING, Task.DELETING, Task.SHELVING_OFFLOADING}),
    _op("restore",     {Vm.SOFT_DELETED},            Task.RESTORING,       Vm.ACTIVE,   None),
    _op("delete",      set(Vm) - {Vm.DELETED},       Task.DELETING,        Vm.DELETED,  Vm.ERROR,
        interrupts=frozenset(Task) - {Task.DELETING}, overtakes=True, deadline=3600),
)}

#: Begun and over at once, so no row of the table; only its checks are an operation's.
TRIGGER_CRASH_DUMP = _op("trigger_crash_dump", {Vm.ACTIVE, Vm.PAUSED, Vm.RESCUED, Vm.RESIZED, Vm.ERROR}, None, None,
                         None)
#: No host takes servers of another yet, so these end at once as well.
MIGRATE = _op("migrate", {Vm.ACTIVE, Vm.STOPPED}, None, None, None)
LIVE_MIGRATE = _op("os-migrateLive", {Vm.ACTIVE, Vm.PAUSED}, None, None, None)
EVACUATE = _op("evacuate", {Vm.ACTIVE, Vm.STOPPED, Vm.ERROR}, None, None, None)
_KNOWN_AS = {"reboot_hard": "reboot", "soft_delete": "delete"}


def action(name):
    """What users know the operation ``name`` as: the action's name in os-instance-actions and in refusals."""
    return _KNOWN_AS.get(name, name)


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
