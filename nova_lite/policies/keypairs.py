"""Who may see and manage keypairs: each user their own, administrators everybody's (from 2.10)."""

from nova_lite.policies.base import rule

_API = "os_compute_api:os-keypairs:"
_OWN = "(rule:context_is_admin) or user_id:%(user_id)s"

RULES = [
    rule(_API + "index", _OWN, "List keypairs.", "GET /os-keypairs"),
    rule(_API + "show", _OWN, "Show a keypair.", "GET /os-keypairs/{keypair_name}"),
    rule(_API + "create", _OWN, "Import a keypair, or have one made.", "POST /os-keypairs"),
    rule(_API + "delete", _OWN, "Delete a keypair.", "DELETE /os-keypairs/{keypair_name}"),
]
