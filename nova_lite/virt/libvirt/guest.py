"""Diagnostics from libvirt's counters, NMIs, and passwords set by the guest's agent."""

import xml.etree.ElementTree as ET

from nova_lite.common import exceptions
from nova_lite.objects.states import Power
from nova_lite.virt import driver
from nova_lite.virt.libvirt import agent, domains
from nova_lite.virt.libvirt.xml import domain as dom

#: Names of power states in Nova's answers.
_NAMES = {Power.NOSTATE: "pending", Power.RUNNING: "running", Power.PAUSED: "paused", Power.SHUTDOWN: "shutdown",
          Power.CRASHED: "crashed", Power.SUSPENDED: "suspended"}
_NIC = ("rx_octets", "rx_packets", "rx_errors", "rx_drop", "tx_octets", "tx_packets", "tx_errors", "tx_drop")
_DISK = ("read_requests", "read_bytes", "write_requests", "write_bytes", "errors_count")


class Guest(driver.Guest):
    def __init__(self, connection, conf):
        self._connection = connection
        self._conf = conf

    def diagnostics(self, server_id):
        power, figures = self._connection.call_guest(_figures, server_id)
        if power is not Power.RUNNING:
            raise exceptions.GuestOff(server_id=server_id, state=_NAMES[power])
        virt_type = figures.pop("type")
        return {"standard": _standard(figures, virt_type), "legacy": _legacy(figures)}

    def nmi(self, server_id):
        self._connection.call_guest(_nmi, server_id)

    def set_password(self, server_id, user, password):
        self._connection.call_guest(agent.set_password, server_id, user, password, deadline=agent.DEADLINE)


def _standard(figures, virt_type):
    cpus = [{"id": number, "time": spent, "utilisation": None} for number, spent in enumerate(figures["cpus"])]
    nics = [{"mac_address": mac, "rx_rate": None, "tx_rate": None, **counts} for _, mac, counts in figures["nics"]]
    return {
        "state": "running", "driver": "libvirt", "hypervisor": virt_type, "hypervisor_os": "linux",
        "uptime": figures["uptime"], "num_cpus": len(cpus), "num_nics": len(nics), "num_disks": len(figures["disks"]),
        "cpu_details": cpus, "disk_details": [counts for _, counts in figures["disks"]], "nic_details": nics,
        "memory_details": {"maximum": figures["max_memory"] // 1024, "used": figures["memory"] // 1024}}


def _legacy(figures):
    """One flat dictionary whose keys begin with names of devices, as Nova's libvirt driver gave before 2.48."""
    flat = {f"cpu{number}_time": spent for number, spent in enumerate(figures["cpus"])}
    for name, counts in figures["disks"]:
        flat |= {f"{name}_read_req": counts["read_requests"], f"{name}_read": counts["read_bytes"],
                 f"{name}_write_req": counts["write_requests"], f"{name}_write": counts["write_bytes"],
                 f"{name}_errors": counts["errors_count"]}
    for name, _, counts in figures["nics"]:
        flat |= {f"{name}_{key.removesuffix('_octets')}": value for key, value in counts.items()}
    return flat | {"memory": figures["max_memory"],
                   **{f"memory-{name}": value for name, value in figures["balloon"].items()}}


# ---- below: in native threads

def _figures(domain):
    """(Power, what libvirt counts of a guest, {} of one that is off)."""
    power = domains.power(domain)
    if power is not Power.RUNNING:
        return power, {}
    root = ET.fromstring(domain.XMLDesc())
    _, most, memory, _, _ = domain.info()
    disks = [disk.target for disk in dom.devices(root, dom.Disk)]
    nics = [(nic.tap, nic.mac) for nic in dom.devices(root, dom.Interface)]
    balloon = domain.memoryStats()
    return power, {
        "type": root.get("type"), "max_memory": most, "memory": memory, "balloon": balloon,
        "cpus": [each[2] for each in domain.vcpus()[0]], "uptime": _uptime(domain),
        "disks": [(name, dict(zip(_DISK, domain.blockStats(name), strict=True))) for name in disks],
        "nics": [(name, mac, dict(zip(_NIC, domain.interfaceStats(name), strict=True))) for name, mac in nics]}


def _uptime(domain):
    """Seconds since QEMU started; 0 where that cannot be known."""
    try:
        with open(f"/run/libvirt/qemu/{domain.name()}.pid") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/stat") as stat, open("/proc/uptime") as clock:
            began = int(stat.read().rpartition(")")[2].split()[19])
            return max(0, int(float(clock.read().split()[0]) - began / _TICKS))
    except (OSError, ValueError, IndexError):
        return 0


_TICKS = 100        # a second, in /proc on Linux


def _nmi(domain):
    domain.injectNMI()
