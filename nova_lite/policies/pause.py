"""Who may pause, unpause, suspend and resume servers."""

from nova_lite.policies.base import MEMBER, rule

_PAUSE, _SUSPEND = "os_compute_api:os-pause-server:", "os_compute_api:os-suspend-server:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_PAUSE + "pause", MEMBER, "Pause a server: its processors stand still.", f"{_ACTION} (pause)"),
    rule(_PAUSE + "unpause", MEMBER, "Let a paused server go on.", f"{_ACTION} (unpause)"),
    rule(_SUSPEND + "suspend", MEMBER, "Suspend a server: its memory goes to disk.", f"{_ACTION} (suspend)"),
    rule(_SUSPEND + "resume", MEMBER, "Let a suspended server go on.", f"{_ACTION} (resume)"),
]
