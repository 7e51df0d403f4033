"""ComputeFilter: only hosts whose service is enabled and alive.  (``always`` refuses disabled ones in any case.)"""

from nova_lite.scheduler.filters.refusal import Refusal


def refuse(_request, host):
    if host.up:
        return None
    if host.row.forced_down:
        return Refusal("down", "forced down by an operator")
    seen = host.row.last_seen_at
    return Refusal("down", f"last seen {seen:%Y-%m-%d %H:%M:%S} UTC" if seen else "never seen")
