"""Whether a host has room.  The claim checks it again in the database; here hosts that cannot do are told apart."""


def vcpus(request, host):
    return _lack("VCPUs", request.vcpus, host.free_vcpus)


def memory(request, host):
    return _lack("memory", request.memory_mb, host.free_memory_mb)


def disk(request, host):
    return _lack("disk", request.disk_gb, host.free_disk_gb)


def _lack(what, asked, free):
    return f"lack {what}" if asked > free else None
