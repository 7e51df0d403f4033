"""The words that rules are made of, as Nova names them, and ``rule()`` that makes one.

A rule's scope types say which tokens may use it at all, whatever their roles.  Compute, image and network are about
projects; identity is about domains and the system too.
"""

from oslo_policy import policy

ADMIN = "rule:context_is_admin"
MEMBER = "rule:project_member_or_admin"
READER = "rule:project_reader_or_admin"
MANAGER = "rule:project_manager_or_admin"
SERVICE = "rule:service_or_admin"
ANYONE = "@"

PROJECT = ("project",)
SYSTEM_OR_PROJECT = ("system", "project")
ANY_SCOPE = ("system", "domain", "project")

RULES = [policy.RuleDefault(name, check) for name, check in (
    ("context_is_admin", "role:admin"),
    ("admin_or_owner", "is_admin:True or project_id:%(project_id)s"),
    ("admin_api", "is_admin:True"),
    ("project_manager_api", "role:manager and project_id:%(project_id)s"),
    ("project_member_api", "role:member and project_id:%(project_id)s"),
    ("project_reader_api", "role:reader and project_id:%(project_id)s"),
    ("service_api", "role:service"),
    ("project_manager_or_admin", "rule:project_manager_api or rule:context_is_admin"),
    ("project_member_or_admin", "rule:project_member_api or rule:context_is_admin"),
    ("project_reader_or_admin", "rule:project_reader_api or rule:context_is_admin"),
    ("service_or_admin", "rule:service_api or rule:context_is_admin"),
)]


def rule(name, check, description, *operations, scope=PROJECT):
    """One documented rule.

    :param name: the full name, as Nova's where Nova has it ("os_compute_api:servers:stop").
    :param operations: "METHOD /path" or "METHOD /path (action)", one a place where it is asked.
    :param scope: scopes of tokens that may use it; an unscoped token counts as a project's.  Empty: all.
    """
    return policy.DocumentedRuleDefault(
        name, check, description,
        [{"method": each.split(" ", 1)[0], "path": each.split(" ", 1)[1]} for each in operations],
        scope_types=list(scope) or None)
