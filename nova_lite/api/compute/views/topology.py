"""What the NUMA nodes of a guest look like."""

from nova_lite.common import hardware
from nova_lite.common.hardware import numa


def topology(server):
    """Of a server's row; "pagesize_kb" is null where the host chooses."""
    requirements = hardware.Requirements.of_server(server, server.flavor)
    size = numa.page_size(requirements)
    return {"nodes": [{"vcpu_set": sorted(cell.cpus), "siblings": [], "memory_mb": cell.memory_mb}
                      for cell in numa.cells(requirements)],
            "pagesize_kb": size if isinstance(size, int) else None}
