"""Every route of identity asked with tokens of all scopes, about what is in their domain and what is in another.

Who may is what Keystone's rules say, and lists with a token of a domain show what is in it.
"""

import re

import pytest

from nova_lite.api.identity.routes import ROUTES
from tests.conformance import tables
from tests.personas import PERSONAS, Cast, Real
from tests.whole_cloud import whole  # noqa: F401

REFUSAL = "You are not authorized to perform the requested action: "
NOTHING = "4f7ce51bd49e41a4b197000000000000"
ENTRIES = [entry for entry in ROUTES if not entry.public and str(entry) != "DELETE /auth/tokens"]
#: What a body is made of: {path: key of its resource}.
BODIES = {"/users": "user", "/projects": "project", "/domains": "domain", "/roles": "role"}


def _rules():
    """{"GET /users/{}": the rule that Keystone asks there}; of a role's two, the one for roles of no domain."""
    found = {}
    for rule in tables.rules("keystone"):
        for operation in rule.operations:
            found.setdefault(tables.anonymous(operation.replace("/v3/", "/")), rule.name)
    return found


RULES = _rules()


class Things:
    """A user and a project of one domain, and a role: the values of ids in paths, and what rules see of them."""

    def __init__(self, cloud, domain_id, role):
        made = {kind: cloud.make(f"/identity/v3/{kind}s", {kind: {"name": f"its {kind}", "domain_id": domain_id}},
                                 user="admin")["id"] for kind in ("user", "project")}
        self.domain_id = domain_id
        [self.role] = cloud.send("GET", f"/identity/v3/roles?name={role}").json["roles"]
        self.ids = {"users": made["user"], "projects": made["project"], "domains": domain_id, "roles": self.role["id"],
                    "regions": "RegionOne", "tags": "one"}
        for kind in ("services", "endpoints"):
            self.ids[kind] = cloud.ids["identity", kind]

    def path(self, template, **instead):
        """:param instead: {name of a collection: another id}"""
        ids = self.ids | instead
        return "/identity/v3" + re.sub(r"/(\w+)/{\w+}", lambda found: f"/{found[1]}/{ids[found[1]]}", template)

    def body(self, entry):
        if str(entry) == "PUT /projects/{id}/tags":
            return {"tags": ["one"]}
        kind = BODIES.get(re.sub(r"/{\w+}", "", entry.path)) if entry.method in ("POST", "PATCH") else None
        if kind is None:
            return None
        named = {"domain_id": self.domain_id} if entry.method == "POST" and kind in ("user", "project") else {}
        return {kind: {"name": "another name", **named}}

    def target(self, entry, credentials):
        """What Keystone's rules look at."""
        made = {"target.token.user_id": credentials["user_id"]}
        if entry.method == "GET" and "{" not in entry.path:             # a list shows the domain of the token
            own = credentials["domain_id"]
            return {**made, "target.domain_id": own, "target.domain.id": own} if own else made
        if "/users" in entry.path:
            made |= {"target.user.id": self.ids["users"], "target.user.domain_id": self.domain_id}
        if "/projects" in entry.path:
            made |= {"target.project.id": self.ids["projects"], "target.project.domain_id": self.domain_id}
        if "/domains/" in entry.path:
            made["target.domain.id"] = self.domain_id
        if "/roles/" in entry.path:
            made |= {"target.role.name": self.role["name"], "target.role.domain_id": None}
        if entry.method == "POST":
            made.pop("target.user.id", None)
        return made


@pytest.fixture(scope="module")
def cast(whole):  # noqa: F811
    """The cloud with its personas; ``things``: what is of their domain, and what is of another."""
    made = Cast(whole)
    other = whole.make("/identity/v3/domains", {"domain": {"name": "other"}}, user="admin")["id"]
    made.things = {"own": Things(whole, "default", "reader"), "other": Things(whole, other, "a role 1")}
    whole.keep()
    return made


@pytest.fixture(scope="module")
def keystone():
    return Real("keystone")


def ask(cast, persona, method, path, body=None):
    answer = cast.cloud.send(method, path, body, user=str(persona))
    if cast.cloud.changed():
        cast.cloud.restore()
    return answer


@pytest.mark.parametrize("of", ["own", "other"])
@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_identity_answers_each_scope_as_keystone_does(cast, keystone, entry, of):
    things, rule = cast.things[of], RULES[tables.anonymous(str(entry))]
    for persona in PERSONAS:
        credentials = cast.credentials(persona)
        answer = ask(cast, persona, entry.method, things.path(entry.path), things.body(entry))
        if keystone.allows(rule, things.target(entry, credentials), credentials):
            assert answer.status_int != 401 and REFUSAL not in answer.text, (str(persona), answer.text)
        else:
            assert answer.status_int == 403, (str(persona), answer.text)
            assert answer.json["error"]["message"] == f"{REFUSAL}{rule}.", str(persona)


def _names_nothing():
    """(entry, the collection in its path whose id is of nothing), for every id in every path."""
    for entry in ENTRIES:
        for name in re.findall(r"/(\w+)/{\w+}", entry.path):
            yield pytest.param(entry, name, id=f"{entry} {name}")


#: Where Keystone looks for what is named before it asks who may.
LOOKS_FIRST = re.compile(r"(PATCH|DELETE) /domains/{id}|\w+ /roles/{id}.*|"
                         r"\w+ /\w+(/{target_id})?/users/{user_id}/roles.*")


@pytest.mark.parametrize(("entry", "name"), _names_nothing())
def test_an_unknown_id_is_not_found_by_the_powerless_where_keystone_looks_first(cast, entry, name):
    things = cast.things["other"]
    answer = ask(cast, "project-reader", entry.method, things.path(entry.path, **{name: NOTHING}), things.body(entry))
    if RULES[tables.anonymous(str(entry))] == "identity:get_region":
        assert answer.status_int == 404                                 # everybody may see regions
    elif LOOKS_FIRST.fullmatch(str(entry)) and not (name == "users" and entry.method == "DELETE"):
        assert answer.status_int == 404, answer.text
        assert NOTHING in answer.json["error"]["message"]
    else:
        assert answer.status_int == 403, answer.text


DOMAIN = [persona for persona in PERSONAS if persona.scope == "domain"]


@pytest.mark.parametrize("persona", DOMAIN, ids=str)
def test_lists_with_a_domain_token_show_the_resources_of_the_domain(cast, persona):
    things = cast.things

    def ids(kind, query=""):
        return {each["id"] for each in ask(cast, persona, "GET", f"/identity/v3/{kind}{query}").json[kind]}

    for kind in ("users", "projects"):
        found = ids(kind)
        assert things["own"].ids[kind] in found and things["other"].ids[kind] not in found
        assert ids(kind, "?domain_id=default") == found
        assert ids(kind, f"?domain_id={things['other'].domain_id}") == set()
    assert ids("domains") == {"default"}


@pytest.mark.parametrize("persona", DOMAIN, ids=str)
def test_role_assignments_with_a_token_of_a_domain_are_those_in_it(cast, persona):
    shown = ask(cast, persona, "GET", "/identity/v3/role_assignments").json["role_assignments"]
    places = {tuple(scope.items())[0][0]: set() for scope in (each["scope"] for each in shown)}
    for each in shown:
        kind, value = next(iter(each["scope"].items()))
        places[kind].add(value["id"])
    assert places.keys() == {"domain", "project"}                       # none on the system
    assert places["domain"] == {"default"}
    assert cast.project_id in places["project"]


@pytest.mark.parametrize("persona", PERSONAS, ids=str)
@pytest.mark.parametrize("of", ["own", "other", "nothing"])
def test_role_assignments_below_a_project_are_for_readers_of_its_domain(cast, keystone, persona, of):
    things = cast.things.get(of)
    project_id = things.ids["projects"] if things else NOTHING
    answer = ask(cast, persona, "GET", f"/identity/v3/role_assignments?include_subtree&scope.project.id={project_id}")
    if of == "nothing":
        assert answer.status_int == 404
        return
    target = {"target.domain_id": things.domain_id}
    allowed = keystone.allows("identity:list_role_assignments_for_tree", target, cast.credentials(persona))
    assert answer.status_int == (200 if allowed else 403), answer.text


@pytest.mark.parametrize("persona", PERSONAS, ids=str)
def test_roles_of_a_domain_are_listed_by_the_system_and_administrators(cast, keystone, persona):
    answer = ask(cast, persona, "GET", "/identity/v3/roles?domain_id=default")
    allowed = keystone.allows("identity:list_domain_roles", {}, cast.credentials(persona))
    assert answer.status_int == (200 if allowed else 403), answer.text
    assert not allowed or answer.json["roles"] == []


@pytest.mark.parametrize("kind", ["user", "project"])
def test_a_manager_of_a_domain_must_name_it(cast, kind):
    for named, expected in (({}, 403), ({"domain_id": "default"}, 201), ({"domain_id": NOTHING}, 403)):
        body = {kind: {"name": "made by its manager", **named}}
        assert ask(cast, "domain-manager", "POST", f"/identity/v3/{kind}s", body).status_int == expected
    made = ask(cast, "domain-admin", "POST", f"/identity/v3/{kind}s", {kind: {"name": "made by its admin"}})
    assert (made.status_int, made.json[kind]["domain_id"]) == (201, "default")


@pytest.mark.parametrize("persona", PERSONAS, ids=str)
def test_the_catalog_is_for_tokens_of_projects(cast, persona):
    answer = ask(cast, persona, "GET", "/identity/v3/auth/catalog")
    assert answer.status_int == (200 if persona.scope == "project" else 403)
    if answer.status_int == 403:
        assert "project-scoped token is required" in answer.text
