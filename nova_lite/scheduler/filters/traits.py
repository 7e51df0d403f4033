"""Traits and resources that flavors and images name ("trait:...", "resources:..."), which Nova asks placement for.

A host has the traits of its processor's features (HW_CPU_X86_AVX2) and those that its aggregates give it (metadata
"trait:CUSTOM_FAST": "required").  It offers processors, memory and disk, and no resource besides; whether a processor
is free to be a guest's alone (PCPU) it knows itself.
"""

from nova_lite.scheduler.facts import AGGREGATES, HARDWARE
from nova_lite.scheduler.filters.refusal import Refusal

_TRAIT, _RESOURCE = "trait:", "resources:"
_OFFERED = frozenset({"VCPU", "PCPU", "MEMORY_MB", "DISK_GB"})
_CPU = "HW_CPU_X86_"


def needs(request):
    named = any(key.startswith((_TRAIT, _RESOURCE)) for source in (request.extra_specs, request.image_properties)
                for key in source)
    return {AGGREGATES, HARDWARE} if named else None


def refuse(request, host):
    for source in (request.extra_specs, request.image_properties):
        for key, value in source.items():
            if key.startswith(_TRAIT) and (key[len(_TRAIT):] in _traits(host)) != (value != "forbidden"):
                return Refusal("do not have the traits asked for", f"{key[len(_TRAIT):]} is {value}")
    for key, amount in request.extra_specs.items():
        if key.startswith(_RESOURCE) and key[len(_RESOURCE):] not in _OFFERED and amount != "0":
            return Refusal("do not offer a resource asked for", f"{key[len(_RESOURCE):]}: asked {amount}")
    return None


def _traits(host):
    features = host.cpu_info.get("features") or ()
    return ({_CPU + each.upper().replace("-", "_").replace(".", "_") for each in features}
            | {key[len(_TRAIT):] for each in host.aggregates for key, value in each.items()
               if key.startswith(_TRAIT) and value == "required"})
