"""Hosts and requests for tests of the scheduler, which are fine but for what is given."""

import datetime
import types

from nova_lite.scheduler.host import Host
from nova_lite.scheduler.request import Request

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)


def host(name="one", *, aggregates=(), **values):
    """A Host with 8 CPUs (ratio 2), 8192 MB (512 reserved) and 100 GB, of which 2, 1024 and 10 are used.

    :param values: columns of its row, or facts that a query would have found.
    """
    facts = {each: values.pop(each) for each in ("servers", "io_ops", "cpu_info", "supported") if each in values}
    row = types.SimpleNamespace(**{
        "host": name, "hypervisor_hostname": f"{name}.example.org", "uuid": "u", "host_ip": "10.0.0.5",
        "hypervisor_type": "QEMU", "hypervisor_version": 7002000, "availability_zone": None, "disabled": False,
        "disabled_reason": None, "forced_down": False, "last_seen_at": NOW, "in_aggregate": bool(aggregates),
        "vcpus": 8, "memory_mb": 8192, "disk_gb": 100, "reserved_memory_mb": 512, "vcpus_used": 2,
        "memory_mb_used": 1024, "disk_gb_used": 10, "cpu_allocation_ratio": 2.0, "ram_allocation_ratio": 1.0,
        "disk_allocation_ratio": 1.0, "failed_builds": 0, **values})
    made = Host(row, "nova", NOW - datetime.timedelta(seconds=60))
    made.aggregates = list(aggregates)
    made.servers, made.io_ops, made.supported = 1, 0, [("x86_64", "qemu", "hvm"), ("i686", "qemu", "hvm")]
    made.cpu_info = {"arch": "x86_64", "features": ["avx2", "sse4.1"], "topology": {"sockets": 2}}
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def request(**values):
    return Request(**{"server_id": "s", "project_id": "p", "vcpus": 1, "memory_mb": 512, "disk_gb": 1, **values})
