"""ServerGroupSoftAffinityWeigher and ServerGroupSoftAntiAffinityWeigher: together or apart, where possible."""


def soft_affinity(request, host):
    return _there(request, host, "soft-affinity")


def soft_anti_affinity(request, host):
    return -_there(request, host, "soft-anti-affinity")


def _there(request, host, policy):
    if request.group is None or request.group.policy != policy:
        return 0
    return request.group.placed.get(host.name, 0)
