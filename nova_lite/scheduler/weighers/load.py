"""IoOpsWeigher, NumInstancesWeigher, BuildFailureWeigher and HypervisorVersionWeigher: what a host does and is."""


def io_ops(_request, host):
    return host.io_ops


def servers(_request, host):
    return host.servers


def failures(_request, host):
    """Builds that failed there since one went well.  The multiplier says how bad that is."""
    return host.row.failed_builds


def version(_request, host):
    return host.row.hypervisor_version or 0
