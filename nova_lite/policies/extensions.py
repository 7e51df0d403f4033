"""Who may see the list of extensions, which old clients read."""

from nova_lite.policies.base import ANYONE, rule

RULES = [
    rule("os_compute_api:extensions", ANYONE, "List extensions, or show one.", "GET /extensions",
         "GET /extensions/{alias}"),
]
