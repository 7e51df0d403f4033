"""How a guest's processors are cut into sockets, cores and threads."""

import dataclasses

from nova_lite.common import exceptions

_PARTS = ("sockets", "cores", "threads")
_UNBOUND = 65536


@dataclasses.dataclass(frozen=True)
class Topology:
    sockets: int
    cores: int
    threads: int

    def __str__(self):
        return f"(sockets={self.sockets}, cores={self.cores}, threads={self.threads})"

    def exceeds(self, other):
        """Whether a part is larger than that of ``other``."""
        return any(getattr(self, part) > getattr(other, part) for part in _PARTS)

    @property
    def asked(self):
        return any((self.sockets, self.cores, self.threads))


def limits(requirements):
    """(what is preferred, the most there may be); 0 in the first: not said.

    An image may lower what the flavor allows, and its preference is taken instead of the flavor's.
    :raises BadRequest: it asks for more, or something is no number.
    """
    flavor_most, image_most = _asked(requirements, "cpu_max_")
    if any(0 < getattr(flavor_most, part) < getattr(image_most, part) for part in _PARTS):
        raise exceptions.BadRequest(f"Image vCPU topology limits {image_most} exceeds the limits of the flavor "
                                   f"{flavor_most}")
    most = Topology(*(getattr(image_most, part) or getattr(flavor_most, part) or _UNBOUND for part in _PARTS))
    flavor, image = _asked(requirements, "cpu_")
    if image.exceeds(most):
        raise exceptions.BadRequest(f"Image vCPU topology {image} exceeds the limits of the flavor or image {most}")
    if flavor.exceeds(most):
        flavor = Topology(0, 0, 0)
    return (image if image.asked else flavor), most


def best(requirements):
    """The Topology of the guest; None where nobody asked for one.

    Of those that make all its processors within the limits: the one that is most alike the preferred, then with few
    threads, then with many sockets.
    :raises BadRequest: there is none.
    """
    preferred, most = limits(requirements)
    if not preferred.asked and most == Topology(_UNBOUND, _UNBOUND, _UNBOUND):
        return None
    possible = [each for each in _factors(requirements.vcpus) if not each.exceeds(most)]
    if not possible:
        bound = Topology(*(min(requirements.vcpus, getattr(most, part)) for part in _PARTS))
        raise exceptions.BadRequest(f"Requested vCPU limits {bound} are impossible to satisfy for vcpus count "
                                   f"{requirements.vcpus}")
    return max(possible, key=lambda each: (_likeness(each, preferred), each.sockets * each.cores, each.sockets))


def _asked(requirements, prefix):
    """(of the flavor, of the image)"""
    found = [requirements.both(prefix + part) for part in _PARTS]
    return _numbers("flavor extra spec", [flavor for flavor, _ in found]), _numbers(
        "image metadata", [image for _, image in found])


def _numbers(what, values):
    try:
        return Topology(*(int(each or 0) for each in values))
    except ValueError as error:
        raise exceptions.BadRequest(f"Invalid {what}. Error: {error}") from error


def _factors(vcpus):
    for sockets in range(1, vcpus + 1):
        rest, left = divmod(vcpus, sockets)
        if not left:
            yield from (Topology(sockets, cores, rest // cores) for cores in range(1, rest + 1) if rest % cores == 0)


def _likeness(topology, preferred):
    return sum(getattr(topology, part) == getattr(preferred, part) for part in _PARTS if getattr(preferred, part))
