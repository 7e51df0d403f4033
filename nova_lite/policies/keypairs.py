"""Who may see and manage keypairs: each user their own, administrators everybody's (from 2.10)."""

from nova_lite.policies.base import rule

_P = "os_compute_api:os-keypairs:"
_OWN = "(rule:context_is_admin) or user_id:%(user_id)s"

RULES = [
    rule(_P + "index", _OWN, "List keypairs.", "GET /os-keypairs"),
    rule(_P + "show", _OWN, "Show a keypair.", "GET /os-keypairs/{keypair_name}"),
    rule(_P + "create", _OWN, "Import a keypair, or have one made.", "POST /os-keypairs"),
    rule(_P + "delete", _OWN, "Delete a keypair.", "DELETE /os-keypairs/{keypair_name}"),
]
