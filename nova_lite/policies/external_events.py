"""Who may tell of servers."""

from nova_lite.policies.base import SERVICE, rule

RULES = [rule("os_compute_api:os-server-external-events:create", SERVICE,
              "Tell what happened to a server's port, volume or power.", "POST /os-server-external-events")]
