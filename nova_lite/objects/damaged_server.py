"""What stands for the columns of a server's row that are damaged, and what is said of it then."""

import collections
import functools

from nova_lite.objects.states import Vm

#: The flavor that a row keeps, where it cannot be read.
_FLAVOR = {"flavorid": "", "name": "", "vcpus": 0, "memory_mb": 0, "root_gb": 0, "ephemeral_gb": 0, "swap_mb": 0,
           "rxtx_factor": 1.0, "is_public": False, "extra_specs": {}}
#: column -> what stands for it.
STAND_INS = {"flavor": _FLAVOR, "fault": None} | {each: {} for each in (
    "image_properties", "metadata", "scheduler_hints")} | {each: [] for each in (
        "addresses", "security_groups", "tags", "injected_files", "local_disks", "requested_networks",
        "requested_groups", "base_image_ids", "counted")}
_FAULT = {"code", "message", "created"}
_ADDRESS = {"network", "mac", "addr", "version", "type"}


def damaged(row):
    """Names of the columns, of those that a row has, whose values make no sense."""
    return [name for name, stand_in in STAND_INS.items()
            if hasattr(row, name) and not _is_sound(name, getattr(row, name), stand_in)]


def _is_sound(name, value, stand_in):
    if name == "fault":
        return value is None or isinstance(value, dict) and value.keys() >= _FAULT
    if name == "addresses":
        return isinstance(value, list) and all(isinstance(each, dict) and each.keys() >= _ADDRESS for each in value)
    if name == "flavor":
        return isinstance(value, dict) and value.keys() >= _FLAVOR.keys()
    return isinstance(value, type(stand_in))


def mended(row, names):
    """A row, as a named tuple, with what stands for these columns, which it names besides as ``damaged``: a server in
    error, whose fault says which.
    """
    values = stand_ins(names)
    moment = row.updated_at or row.created_at
    fault = {"code": 500, "message": words(names), "details": None, "created": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    shown = row._asdict() | values | {"vm_state": Vm.ERROR, "task_state": None, "fault": fault}
    return _tuple_of((*shown, "damaged"))(**shown, damaged=tuple(names))


@functools.cache
def _tuple_of(names):
    return collections.namedtuple("DamagedServer", names)


def stand_ins(names):
    """{column: what stands for it}"""
    return {name: STAND_INS[name] for name in names}


def of(row):
    """Names of the columns that something stands for in a row; () where nothing does."""
    return getattr(row, "damaged", ())


def words(names):
    return (f"The record of this server is damaged ({', '.join(sorted(names))}). "
            "It can be deleted, or an administrator restores it from a backup of the database.")
