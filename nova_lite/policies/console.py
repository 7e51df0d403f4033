"""Who may read what a server prints, and who may use its consoles."""

from nova_lite.policies.base import ADMIN, MEMBER, rule

RULES = [
    rule("os_compute_api:os-console-output", MEMBER, "Show the end of a server's serial console.",
         "POST /servers/{server_id}/action (os-getConsoleOutput)"),
    rule("os_compute_api:os-remote-consoles", MEMBER, "Open a server's screen or serial console.",
         "POST /servers/{server_id}/action (os-getSerialConsole)",
         "POST /servers/{server_id}/action (os-getSPICEConsole)",
         "POST /servers/{server_id}/action (os-getVNCConsole)", "POST /servers/{server_id}/remote-consoles"),
    rule("os_compute_api:os-console-auth-tokens", ADMIN, "Show where a console's token leads.",
         "GET /os-console-auth-tokens/{console_token}"),
]
