"""RAMWeigher, CPUWeigher and DiskWeigher: spread; the more a host has left to give, the better."""


def memory(_request, host):
    return max(0, host.free_memory_mb)


def vcpus(_request, host):
    return max(0, host.free_vcpus)


def disk(_request, host):
    return max(0, host.free_disk_gb)
