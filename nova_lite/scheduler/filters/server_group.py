"""ServerGroupAffinityFilter and ServerGroupAntiAffinityFilter: servers of one group together, or apart."""

from nova_lite.scheduler.filters.refusal import Refusal


def needs_affinity(request):
    return set() if _policy(request) == "affinity" else None


def needs_anti_affinity(request):
    return set() if _policy(request) == "anti-affinity" else None


def _policy(request):
    return request.group and request.group.policy


def affinity(request, host):
    placed = request.group.placed
    if not placed or host.name in placed:
        return None
    return Refusal("without servers of its group")


def anti_affinity(request, host):
    there, most = request.group.placed.get(host.name, 0), request.group.max_server_per_host
    if there < most:
        return None
    return Refusal("used by its group already", f"{there} of its group, at most {most}")
