"""Who asks: four roles on a project, on its domain and on the system, and one with a token of nothing.

What real services would let each do is computed from their own rules (``tests/conformance/data/policies``).
"""

import json
from dataclasses import dataclass

from oslo_config import cfg
from oslo_policy import policy
from webob import Request

from tests.conformance import tables

ROLES = ("reader", "member", "manager", "admin")
_IMPLIED = {role: ROLES[:index + 1] for index, role in enumerate(ROLES)}


@dataclass(frozen=True)
class Persona:
    """One user's token.  ``scope`` is "project", "domain", "system" or "unscoped"; ``role`` the strongest one there."""

    role: str
    scope: str

    def __str__(self):
        return f"{self.scope}-{self.role}"

    @property
    def roles(self):
        return () if self.scope == "unscoped" else _IMPLIED[self.role]


PERSONAS = tuple(Persona(role, scope) for scope in ("project", "domain", "system") for role in ROLES) + (
    Persona("admin", "unscoped"),)


class Cast:
    """Makes the users in a whole_cloud.Cloud, with ``cloud.tokens[str(persona)]`` for each of PERSONAS.

    Each has its role on demo's project, on the domain ``default`` and on the system; its token is for one of them.
    """

    def __init__(self, cloud):
        self.cloud = cloud
        self.project_id = cloud.projects["demo"]
        roles = {row["name"]: row["id"] for row in cloud.send("GET", "/identity/v3/roles").json["roles"]}
        self.users = {role: self._user(role, roles[role]) for role in ROLES}
        for persona in PERSONAS:
            cloud.tokens[str(persona)] = self._login(persona)

    def _user(self, role, role_id):
        made = self.cloud.make("/identity/v3/users", {"user": {"name": f"a {role}", "password": "pw"}}, user="admin")
        for place in (f"projects/{self.project_id}", "domains/default", "system"):
            path = f"/identity/v3/{place}/users/{made['id']}/roles/{role_id}"
            self.cloud.make(path, None, user="admin", method="PUT")
        return made["id"]

    def _login(self, persona):
        scope = {"project": {"project": {"id": self.project_id}}, "domain": {"domain": {"id": "default"}},
                 "system": {"system": {"all": True}}, "unscoped": "unscoped"}[persona.scope]
        body = {"auth": {"scope": scope, "identity": {"methods": ["password"], "password": {
            "user": {"id": self.users[persona.role], "password": "pw"}}}}}
        answer = Request.blank("/identity/v3/auth/tokens", method="POST", content_type="application/json",
                               body=json.dumps(body).encode()).get_response(self.cloud.app)
        assert answer.status_int == 201, answer.text
        return answer.headers["X-Subject-Token"]

    def credentials(self, persona):
        """What a service's rules see of it."""
        made = {"user_id": self.users[persona.role], "roles": list(persona.roles), "domain_id": None}
        if persona.scope == "project":
            made.update(project_id=self.project_id, project_domain_id="default",
                        token={"project": {"domain": {"id": "default"}}})
        elif persona.scope == "domain":
            made.update(domain_id="default", token={"domain": {"id": "default"}})
        elif persona.scope == "system":
            made["system_scope"] = "all"
        return made


class Real:
    """The enforcer of a real service ("nova", "keystone", "glance", "neutron"), with its default rules."""

    def __init__(self, service):
        self.rules = {rule.name: rule for rule in tables.rules(service)}
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[])
        self._enforcer = policy.Enforcer(conf, use_conf=False)
        self._enforcer.register_defaults([
            policy.RuleDefault(each.name, each.default, scope_types=list(each.scope_types) or None)
            for each in self.rules.values()])
        self._enforcer.set_rules(policy.Rules.from_dict({each.name: each.default for each in self.rules.values()}))

    def allows(self, rule, target, credentials):
        return bool(self._enforcer.enforce(rule, target, dict(credentials)))
