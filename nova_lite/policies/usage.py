"""Who may see what projects used."""

from nova_lite.policies.base import ADMIN, READER, rule

_API = "os_compute_api:os-simple-tenant-usage:"
_LOG = "os_compute_api:os-instance-usage-audit-log:"

RULES = [
    rule(_API + "show", READER, "See what a project used.", "GET /os-simple-tenant-usage/{tenant_id}"),
    rule(_API + "list", ADMIN, "See what every project used.", "GET /os-simple-tenant-usage"),
    rule(_LOG + "list", ADMIN, "See how far the usage of the last month was counted.",
         "GET /os-instance_usage_audit_log"),
    rule(_LOG + "show", ADMIN, "See how far the usage of the month before a moment was counted.",
         "GET /os-instance_usage_audit_log/{before_timestamp}"),
]
