"""Why a host was chosen or none would do: for tenants by counts, for administrators host by host."""

import itertools

from nova_lite.conf import CONF
from nova_lite.objects.decision import agreeing
from nova_lite.scheduler.filters import Refused
from nova_lite.scheduler.filters.refusal import Refusal

_TAKEN = Refusal("were taken by others meanwhile")


def no_valid_host(request, refused):
    """"3 hosts: 2 lack memory (largest free 512 MB, asked 8192 MB), 1 disabled."  No host is named.

    :param refused: [Refused] of filters.sift.
    """
    if not refused:
        if request.destination:
            return f"There is no compute host {request.destination}."
        return "There are no compute hosts. Start nova-lite-compute on one and see that it can reach the conductor."
    reasons = {}
    for each in refused:
        reasons.setdefault(each.refusal.reason, []).append(each.refusal)
    parts = [f"{len(group)} {agreeing(reason, len(group))}{_nearest(group)}"
             for reason, group in sorted(reasons.items(), key=lambda item: -len(item[1]))]
    return f"{len(refused)} host{'s' if len(refused) > 1 else ''}: {', '.join(parts)}."


def taken(host):
    """The Refused of a host whose last free capacity another claim took."""
    return Refused(host, "claim", _TAKEN)


def decision(request, chosen, weighed, refused):
    """What objects/decision.py describes, of at most ``explained_hosts`` hosts.

    :param chosen: name of the host; None.  :param weighed: [Weighed].  :param refused: [Refused]
    """
    most = CONF.scheduler.explained_hosts
    good = min(len(weighed), max(most - len(refused), -(-most // 2)))
    bad = refused[:most - good]
    more = {"fit": len(weighed) - good} if len(weighed) > good else {}
    for each in refused[len(bad):]:
        more[each.refusal.reason] = more.get(each.refusal.reason, 0) + 1
    shown = itertools.islice(weighed, good)
    return {
        "asked": _asked(request), "chosen": chosen, "hosts": len(weighed) + len(refused),
        "weighed": [[each.host.name, _rounded(each.weight), {name: _rounded(part) for name, part in
                                                             each.parts.items()}] for each in shown],
        "refused": [[each.host.name, each.filter, each.refusal.reason, each.refusal.detail] for each in bad],
        "more": more,
    }


def _asked(request):
    asked = request.asked
    if request.availability_zone:
        asked["zone"] = request.availability_zone
    if request.destination:
        asked |= {"host": str(request.destination), "forced": request.forced}
    if request.group:
        asked["policy"] = request.group.policy
    return asked


def _rounded(number):
    return round(number, 4) + 0.0           # without the sign that zero may have


def _nearest(refusals):
    """The nearest miss among hosts refused for one reason, where that is a number that tenants may see."""
    if refusals[0].asked is None:
        return ""
    best = max(refusals, key=lambda each: each.has)
    return f" ({best.most} {best.has}{best.unit}, asked {best.asked}{best.unit})"
