"""ImagePropertiesFilter: hosts that can run the image's architecture, hypervisor type and virtual machine mode."""

import operator
import re

from nova_lite.common.hardware import properties
from nova_lite.conf import CONF
from nova_lite.scheduler.facts import HARDWARE
from nova_lite.scheduler.filters.refusal import Refusal

_NAMES = (*properties.FORMER_NAMES, "hw_maxphysaddr_bits")
_KIND = ("hw_architecture", "img_hv_type", "hw_vm_mode")
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
            "!=": operator.ne}
_PREDICATE = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)\s*")


def needs(request):
    return {HARDWARE} if any(_value(request, name) for name in _NAMES) else None


def refuse(request, host):
    kind = {name: _value(request, name) for name in _KIND}
    wanted = [properties.canonical(name, each) for name, each in kind.items() if each]
    if wanted and not any(set(wanted) <= set(each) for each in host.supported):
        return _refusal(f"runs {_said(host.supported)}, asked {' '.join(wanted)}")
    version = _value(request, "img_hv_requested_version")
    if version and wanted and not _satisfies(host.row.hypervisor_version, version):
        return _refusal(f"hypervisor version {_version(host.row.hypervisor_version)}, asked {version}")
    bits = _value(request, "hw_maxphysaddr_bits")
    has = (host.cpu_info.get("maxphysaddr") or {}).get("bits")
    if bits and wanted and has and bits.isdecimal() and has < int(bits):
        return _refusal(f"{has} address bits, asked {bits}")
    return None


def _refusal(detail):
    return Refusal("cannot run images of this kind", detail)


def _value(request, name):
    asked = request.image_properties
    value = properties.kind(asked, name) if name in properties.FORMER_NAMES else asked.get(name)
    if value is None and name == "hw_architecture":
        return CONF.scheduler.image_properties_default_architecture
    return value


def _said(supported):
    return ", ".join(" ".join(each) for each in supported) or "nothing known"


def _version(number):
    """7002000 -> "7.2.0"."""
    return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"


def _satisfies(number, predicates):
    """Whether a version satisfies ">=2.1,<3"; what is no such list is satisfied by nothing."""
    has = _parts(_version(number))
    for each in predicates.split(","):
        found = _PREDICATE.fullmatch(each)
        if found is None or not _COMPARE[found[1]](has, _parts(found[2])):
            return False
    return True


def _parts(version):
    numbers = [int(each) for each in version.split(".")]
    return numbers + [0] * (3 - len(numbers))
