"""Who may read what a server prints."""

from nova_lite.policies.base import MEMBER, rule

RULES = [
    rule("os_compute_api:os-console-output", MEMBER, "Show the end of a server's serial console.",
         "POST /servers/{server_id}/action (os-getConsoleOutput)"),
]
