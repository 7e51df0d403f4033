"""ComputeCapabilitiesFilter: what extra specs ("capabilities:...", or an attribute's plain name) want of a host."""

from nova_lite.scheduler.facts import HARDWARE, IO_OPS, SERVERS
from nova_lite.scheduler.filters.matching import matches
from nova_lite.scheduler.filters.refusal import Refusal
from nova_lite.scheduler.host import ATTRIBUTES

_SCOPE = "capabilities"
_COSTLY = {"cpu_info": HARDWARE, "supported_instances": HARDWARE, "num_instances": SERVERS, "num_io_ops": IO_OPS}
_BITS = "hw:maxphysaddr_bits"


def needs(request):
    wanted = list(_wanted(request))
    return {_COSTLY[path[0]] for path, _, _ in wanted if path[0] in _COSTLY} if wanted else None


def refuse(request, host):
    for path, key, value in _wanted(request):
        has = _look(host, path)
        if has is None:
            return Refusal("do not have what the flavor asks for", f"{key} is unknown of it, asked {value}")
        if not matches(str(has), value):
            return Refusal("do not have what the flavor asks for", f"{key} is {has}, asked {value}")
    return None


def _wanted(request):
    """(path to the attribute, extra spec, value) of each extra spec that this filter checks."""
    for key, value in request.extra_specs.items():
        if key == _BITS:
            yield ("cpu_info", "maxphysaddr", "bits"), key, f">= {value}"
            continue
        scope, *rest = key.split(":")
        if scope == _SCOPE and rest:
            yield tuple(rest), key, value
        elif not rest and scope in ATTRIBUTES:
            yield (scope,), key, value


def _look(host, path):
    found = host.attribute(path[0])
    for name in path[1:]:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found
