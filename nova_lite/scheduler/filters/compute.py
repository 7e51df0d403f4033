"""ComputeFilter: only hosts whose service is enabled and alive.  (``always`` refuses disabled ones in any case.)"""

from nova_lite.scheduler.filters.refusal import Refusal

_DOWN = "down"


def refuse(_request, host):
    if host.up:
        return None
    if host.row.forced_down:
        return Refusal(_DOWN, "forced down by an operator")
    seen = host.row.last_seen_at
    return Refusal(_DOWN, f"last seen {seen:%Y-%m-%d %H:%M:%S} UTC" if seen else "never seen")


def down(refused):
    """Names of the hosts that are down, of a list of filters.Refused."""
    return [each.host.name for each in refused if each.refusal.reason == _DOWN]
