"""Which of a guest's processors have processors of the host to themselves, and other counts."""

import re

from nova_lite.common import exceptions

_POLICIES = ("dedicated", "shared", "mixed")
_THREADS = ("prefer", "isolate", "require")
_EMULATOR = ("share", "isolate")
_HYPERTHREADING = "HW_CPU_HYPERTHREADING"
_NO_REALTIME = ("Use of realtime CPUs requires either one or more non-realtime CPU(s) or offloaded emulator threads.")
_ONE_MASK = (
    "Dedicated CPU set can be specified from either 'hw:cpu_dedicated_mask' or 'hw:cpu_realtime_mask' when using "
    "'mixed' CPU policy. 'hw:cpu_dedicated_mask' and 'hw:cpu_realtime_mask' can not be specified at the same time, or "
    "be specified with none of them.")


def numbers(text):
    """The set that "0-5,^1,^3-4" names.  :raises BadRequest: it names none, or more than any machine has."""
    named, barred = set(), set()
    for part in filter(None, (each.strip() for each in text.split(","))):
        bounds = re.fullmatch(r"(\^?)\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5}))?", part)
        if not bounds or int(bounds[3] or bounds[2]) < int(bounds[2]):
            raise exceptions.BadRequest(f"Invalid range expression '{part}'")
        (barred if bounds[1] else named).update(range(int(bounds[2]), int(bounds[3] or bounds[2]) + 1))
    return frozenset(named - barred)


def dedicated(requirements):
    """The guest's processors that get one of the host's to themselves: a frozenset, empty where none does.

    :raises BadRequest: what is said of it contradicts itself.
    """
    policy, mask, realtime = _policy(requirements), _mask(requirements), _realtime(requirements)
    threads = thread_policy(requirements)
    if policy != "mixed" and mask:
        if policy is None or policy == "shared":
            _check_shared(requirements, threads)
        raise exceptions.BadRequest("Cannot specify 'hw:cpu_dedicated_mask' without the 'mixed' policy.")
    if policy == "dedicated":
        return frozenset(range(requirements.vcpus))
    if policy == "mixed":
        if bool(mask) == bool(realtime):
            raise exceptions.BadRequest(_ONE_MASK)
        return mask or realtime
    _check_shared(requirements, threads)
    if realtime:
        raise exceptions.BadRequest("Cannot set realtime policy in a non dedicated cpu pinning policy")
    return frozenset()


def thread_policy(requirements):
    """"prefer", "isolate" or "require" for hosts whose cores have threads; None: no matter."""
    flavor, image = requirements.both("cpu_thread_policy")
    for source, value in (("flavor extra specs", flavor), ("image properties", image)):
        _known("CPU thread policy", source, value, _THREADS)
    if flavor not in (None, "prefer") and image and image != flavor:
        raise exceptions.BadRequest("Image property 'hw_cpu_thread_policy' is not permitted to override CPU thread "
                                   "pinning policy set against the flavor")
    trait = _numbered(requirements.specs, "trait", _HYPERTHREADING)
    trait = trait[0] if trait else (requirements.properties.get(f"trait:{_HYPERTHREADING}") or None)
    policy = (flavor or image) if flavor in (None, "prefer") else flavor
    if policy and trait:
        raise exceptions.BadRequest(
            f"It is not possible to use the 'trait:{_HYPERTHREADING}' extra spec in combination with the "
            "'hw:cpu_thread_policy' extra spec or 'hw_cpu_thread_policy' image metadata property; use one or the other")
    return {"forbidden": "isolate", "required": "require"}.get(trait, policy)


def emulator_apart(requirements):
    """Whether the emulator's own threads get a processor of the host to themselves."""
    return requirements.specs.get("hw:emulator_threads_policy") == "isolate"


def serial_ports(requirements):
    """How many the guest has.  :raises BadRequest: no number, or more than the flavor allows."""
    flavor, image = requirements.both("serial_port_count")
    counts = []
    for source, value in (("flavor", flavor), ("image", image)):
        try:
            counts.append(None if value is None else int(value))
        except ValueError as error:
            raise exceptions.BadRequest(f"Number of serial ports specified in {source} is invalid: expected an "
                                       f"integer, got '{value}'") from error
    flavor, image = counts
    if None not in counts and image > flavor:
        raise exceptions.BadRequest("Forbidden to exceed flavor value of number of serial ports passed in image meta.")
    return next((each for each in (image, flavor) if each is not None), 1)


def _policy(requirements):
    """"dedicated", "shared", "mixed" or None; what is asked of VCPU and PCPU by name says it as well."""
    flavor, image = requirements.both("cpu_policy")
    for source, value in (("flavor extra specs", flavor), ("image properties", image)):
        _known("CPU policy", source, value, _POLICIES)
    if (flavor, image) in (("mixed", "dedicated"), ("shared", "dedicated"), ("shared", "mixed")):
        raise exceptions.BadRequest("Image property 'hw_cpu_policy' is not permitted to override CPU pinning policy "
                                   "set against the flavor")
    vcpu, pcpu = (_sum(_numbered(requirements.specs, "resources", name)) for name in ("VCPU", "PCPU"))
    if (flavor or image) and (vcpu or pcpu):
        raise exceptions.BadRequest(
            "It is not possible to use the 'resources:VCPU' or 'resources:PCPU' extra specs in combination with the "
            "'hw:cpu_policy' extra spec or 'hw_cpu_policy' image metadata property; use one or the other")
    if vcpu and pcpu:
        raise exceptions.BadRequest("It is not possible to specify both 'resources:VCPU' and 'resources:PCPU' extra "
                                   "specs; use one or the other")
    if pcpu:
        _check_pcpus(requirements, pcpu)
    return (pcpu and "dedicated") or (vcpu and "shared") or flavor or image


def _sum(texts):
    """What is no number counts nothing: the API refuses it when the flavor is made."""
    return sum(int(each) for each in texts if re.fullmatch("[0-9]{1,9}", each))


def _check_pcpus(requirements, pcpu):
    if emulator_apart(requirements) and pcpu != requirements.vcpus + 1:
        raise exceptions.BadRequest(
            "You have requested 'hw:emulator_threads_policy=isolate' but have not requested sufficient PCPUs to handle "
            "this policy; you must allocate exactly flavor.vcpus + 1 PCPUs.")
    if not emulator_apart(requirements) and pcpu != requirements.vcpus:
        raise exceptions.BadRequest("There is a mismatch between the number of PCPUs requested via 'resourcesNN:PCPU' "
                                   "and the flavor); you must allocate exactly flavor.vcpus PCPUs")


def _numbered(specs, group, name):
    """Values of "group:name", "group1:name", ..."""
    pattern = re.compile(rf"{group}([1-9][0-9]*)?:{name}")
    return [value for key, value in specs.items() if pattern.fullmatch(key)]


def _mask(requirements):
    """The flavor's dedicated mask; None without one."""
    text = requirements.specs.get("hw:cpu_dedicated_mask")
    if not text:
        return None
    pinned, everyone = _masked(requirements, text), frozenset(range(requirements.vcpus))
    if not pinned or not everyone - pinned:
        raise exceptions.BadRequest("Mixed instance must have at least 1 pinned vCPU and 1 unpinned vCPU. See "
                                   "'hw:cpu_dedicated_mask'.")
    if pinned - everyone:
        raise exceptions.BadRequest("Mixed instance dedicated vCPU(s) mask is not a subset of vCPUs in the flavor. See "
                                   '"hw:cpu_dedicated_mask"')
    return pinned


def _realtime(requirements):
    """The processors that are to be real-time ones; None: none."""
    emulator = requirements.specs.get("hw:emulator_threads_policy")
    if not requirements.flag("cpu_realtime"):
        _known_emulator(emulator)
        return None
    everyone = frozenset(range(requirements.vcpus))
    text = requirements.either("cpu_realtime_mask")
    found = _masked(requirements, text) if text else everyone
    if not found or (found == everyone and not emulator):
        raise exceptions.BadRequest(_NO_REALTIME)
    if found - everyone:
        raise exceptions.BadRequest("Realtime policy vCPU(s) mask is configured with RT vCPUs that are not a subset of "
                                   "the vCPUs in the flavor. See hw:cpu_realtime_mask or hw_cpu_realtime_mask")
    _known_emulator(emulator)
    return found


def _masked(requirements, text):
    """A mask that only bars is of all processors."""
    return numbers(f"0-{requirements.vcpus - 1},{text}" if text.strip().startswith("^") else text)


def _check_shared(requirements, threads):
    if threads:
        raise exceptions.BadRequest("Cannot set cpu thread pinning policy in a non dedicated cpu pinning policy")
    if emulator_apart(requirements):
        raise exceptions.BadRequest("An isolated CPU emulator threads option requires a dedicated CPU policy option.")


def _known(what, source, value, words):
    if value and value not in words:
        raise exceptions.BadRequest(f"{what} requested from '{source}' is invalid, given: '{value}', available: "
                                   f"'{words}'.")


def _known_emulator(value):
    if value and value not in _EMULATOR:
        raise exceptions.BadRequest(f"CPU emulator threads option requested is invalid, given: '{value}', available: "
                                   f"'{_EMULATOR}'.")
