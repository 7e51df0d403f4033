"""ImagePropertiesFilter: hosts that can run the image's architecture, hypervisor type and virtual machine mode."""

import operator
import re

from nova_lite.conf import CONF
from nova_lite.scheduler.facts import HARDWARE
from nova_lite.scheduler.filters.refusal import Refusal

#: property -> what it was called before; both hold.
_NAMES = {"hw_architecture": "architecture", "img_hv_type": "hypervisor_type", "hw_vm_mode": "vm_mode",
          "img_hv_requested_version": "hypervisor_version_requires", "hw_maxphysaddr_bits": None}
_SAME = {"amd64": "x86_64", "i386": "i686", "i486": "i686", "i586": "i686", "x86_32": "i686", "x86_32p": "i686",
         "xapi": "xen", "pv": "xen", "hv": "hvm"}
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
            "!=": operator.ne}
_PREDICATE = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)\s*")


def needs(request):
    return {HARDWARE} if any(_value(request, name) for name in _NAMES) else None


def refuse(request, host):
    kind = [_value(request, name) for name in ("hw_architecture", "img_hv_type", "hw_vm_mode")]
    wanted = [_canonical(each) for each in kind if each]
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
    properties = request.image_properties
    value = properties.get(name) or properties.get(_NAMES[name])
    if value is None and name == "hw_architecture":
        return CONF.scheduler.image_properties_default_architecture
    return value


def _canonical(name):
    return _SAME.get(name.lower(), name.lower())


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
