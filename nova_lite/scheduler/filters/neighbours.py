"""SameHostFilter and DifferentHostFilter: beside, or not beside, the servers that hints name."""

from nova_lite.scheduler.filters.refusal import Refusal


def needs_same(request):
    return set() if request.hint("same_host") else None


def needs_different(request):
    return set() if request.hint("different_host") else None


def same(request, host):
    return None if _has(request, "same_host", host) else Refusal("without the servers it should be beside")


def different(request, host):
    return Refusal("used by servers it should avoid") if _has(request, "different_host", host) else None


def _has(request, hint, host):
    return any(request.neighbours.get(each) == host.name for each in request.hint(hint))
