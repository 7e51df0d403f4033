"""Every route asked with tokens of all scopes: who may, and how a refusal sounds, is what the real services' rules say.

What is asked for belongs to the project ``demo`` or to the domain ``default``.
"""

import hypothesis
import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite.api.compute import routes
from nova_lite.api.image import routes as image
from nova_lite.api.network import routes as network
from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.routing import Route
from nova_lite.api.wsgi.validation import Since
from tests.personas import PERSONAS, Cast, Real
from tests.sample_resources import PUBLIC_KEY, QOS_RULES
from tests.whole_cloud import whole  # noqa: F401

SETTINGS = hypothesis.settings(max_examples=100, derandomize=True, database=None, deadline=None,
                               suppress_health_check=list(hypothesis.HealthCheck),
                               phases=(hypothesis.Phase.generate,))
ENTRIES = [entry for entry in (*routes.ROUTES, *routes.ACTIONS) if entry.policy]
REFUSED = (401, 403, 404)
_VOLUME = "00000000-0000-4000-8000-000000000000"
#: What a body made from the schema would only hit by chance: (id in the path, body).
GIVEN = {"PUT /servers/{server_id}/os-volume_attachments/{id}": (_VOLUME, {"volumeAttachment": {"volumeId": _VOLUME}}),
         "POST /servers/{id}/action (os-migrateLive)": (None, {
             "os-migrateLive": {"host": None, "block_migration": "auto"}}),
         "POST /os-keypairs": (None, {"keypair": {"name": "new", "public_key": PUBLIC_KEY, "type": "ssh"}}),
         "POST /os-server-external-events": (None, {"events": [{"name": "network-changed", "server_uuid": _VOLUME}]})}


@pytest.fixture(scope="module")
def cast(whole):  # noqa: F811
    """The cloud with its personas; they belong to what ``restore`` puts back."""
    made = Cast(whole)
    whole.keep()
    return made


@pytest.fixture(scope="module")
def nova():
    return Real("nova")


@pytest.fixture(scope="module")
def glance():
    return Real("glance")


@pytest.fixture(scope="module")
def neutron():
    return Real("neutron")


def body_of(cloud, entry, version):
    """The simplest that the route's schema takes."""
    if str(entry) in GIVEN:
        return GIVEN[str(entry)][1]
    controller, _, name = entry.target.partition(":")
    schema = getattr(getattr(routes.CONTROLLERS[controller], name), "body_schema", None)
    if isinstance(schema, Since):
        schema = schema.schemas[schema.number(microversion.parse(version))]
    if schema is None:
        return None if isinstance(entry, Route) else {entry.name: None}
    return hypothesis.find(cloud.values.valid(schema), lambda _: True, settings=SETTINGS)


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_compute_answers_each_scope_as_nova_does(cast, nova, entry):
    cloud, version = cast.cloud, entry.until or "2.104"
    template = entry.path if isinstance(entry, Route) else f"/{entry.on}/{{id}}/action"
    path = cloud.path("compute", template, version, odd=GIVEN.get(str(entry), (None,))[0])
    body, refusal = body_of(cloud, entry, version), f"Policy doesn't allow {entry.policy} to be performed."
    for persona in PERSONAS:
        credentials = cast.credentials(persona)
        own = persona.scope == "project" or "os-keypairs" in template
        target = {"project_id": cast.project_id, "user_id": credentials["user_id"] if own else "another"}
        answer = cloud.send(getattr(entry, "method", "POST"), path, body, user=str(persona), version=version)
        _restore(cloud)
        if nova.allows(entry.policy, target, credentials):
            assert answer.status_int != 401 and refusal not in answer.text, (str(persona), answer.text)
        elif "admin" in persona.roles or persona.scope == "project":
            assert answer.status_int == 403, (
                f"{persona} was answered {answer.status_int} {answer.text}: Nova refuses it, or has not {entry.policy}")
            assert answer.json["forbidden"]["message"] == refusal, str(persona)
        else:
            assert answer.status_int in REFUSED, (str(persona), answer.text)


def _restore(cloud):
    if cloud.changed():
        cloud.restore()


IMAGE_BODIES = {"POST /images": {"name": "x"}, "PATCH /images/{id}": [{"op": "replace", "path": "/name", "value": "x"}],
                "POST /images/{id}/members": {"member": "outsider"},
                "PUT /images/{id}/members/{member_id}": {"status": "accepted"}}
IMAGE_ENTRIES = [entry for entry in image.ROUTES if entry.policy and not entry.stream]


@pytest.mark.parametrize("entry", IMAGE_ENTRIES, ids=str)
def test_images_answer_each_scope_as_glance_does(cast, glance, entry):
    cloud = cast.cloud
    path = cloud.path("image", entry.path)
    for persona in PERSONAS:
        credentials = cast.credentials(persona)
        own = {"project_id": cast.project_id, "owner": cast.project_id, "visibility": "shared", "member_id": None}
        target = own if "{id}" in entry.path else dict.fromkeys(("project_id", "owner"), credentials.get("project_id"))
        answer = cloud.send(entry.method, path, IMAGE_BODIES.get(str(entry)), user=str(persona))
        _restore(cloud)
        if glance.allows(entry.policy, target, credentials):
            assert answer.status_int not in REFUSED, (str(persona), answer.text)
        elif "{id}" not in entry.path or glance.allows("get_image", own, credentials):
            assert answer.status_int == 403, (str(persona), answer.text)
        else:
            assert answer.status_int == 404, (str(persona), answer.text)


@pytest.mark.parametrize("persona", PERSONAS, ids=str)
def test_an_upload_is_for_members_of_the_project(cast, glance, persona):
    made = cast.cloud.send("POST", "/image/v2/images", {"disk_format": "raw", "container_format": "bare"}, user="demo")
    token = cast.cloud.tokens[str(persona)]
    req = Request.blank(f"/image/v2/images/{made.json['id']}/file", method="PUT", body=b"x" * 512,
                        content_type="application/octet-stream", headers={"X-Auth-Token": token})
    answer = req.get_response(cast.cloud.app)
    cast.cloud.restore()
    mine = {"project_id": cast.project_id, "visibility": "shared"}
    allowed = [glance.allows(rule, mine, cast.credentials(persona)) for rule in ("upload_image", "get_image")]
    assert answer.status_int == (204 if allowed[0] else 403 if allowed[1] else 404)


@pytest.mark.parametrize("persona", PERSONAS, ids=str)
def test_images_through_the_compute_api_are_for_projects(cast, persona):
    url = f"/compute/v2.1/images/{cast.cloud.ids['image_id']}"
    expected = (200, 200, 200) if persona.scope == "project" else (403, 404, 404)
    asked = ("/compute/v2.1/images", url, f"{url}/metadata")
    assert tuple(cast.cloud.send("GET", each, user=str(persona)).status_int for each in asked) == expected
    if persona.scope != "project":
        assert cast.cloud.send("DELETE", url, user=str(persona)).status_int == 404
        meta = {"meta": {"key": "x"}}
        assert cast.cloud.send("PUT", f"{url}/metadata/key", meta, user=str(persona)).status_int == 404


@pytest.mark.parametrize("entry", [entry for entry in network.ROUTES if entry.policy], ids=str)
def test_networks_answer_each_scope_as_neutron_does(cast, neutron, entry):
    cloud = cast.cloud
    path, lists = cloud.path("network", entry.path), "{" not in entry.path and "quotas" not in entry.path
    target = dict.fromkeys(("project_id", "network:project_id", "security_group:project_id", "ext_parent:project_id"),
                           cast.project_id)
    if entry.path.startswith("/ports/{port_id}/bindings"):      # whose the port is Neutron does not ask
        target = {}
    for persona in PERSONAS:
        credentials = cast.credentials(persona)
        answer = cloud.send(entry.method, path, _network_body(cast, entry), user=str(persona))
        _restore(cloud)
        allowed = neutron.allows(entry.policy, target, credentials) or (
            entry.policy == "get_quota" and "{" in entry.path and persona.scope == "project")       # the own project's
        if not target:                      # Neutron looks first, and that is a rule of its own
            allowed = allowed and neutron.allows("get_port_binding", target, credentials)
        if entry.path == "/quotas":         # Neutron asks of the own project, and shows its manager those of all
            allowed = persona.scope == "project" and "admin" in persona.roles
        if entry.path == "/qos/rule-types/{id}":        # beyond its rule, Neutron shows them to administrators
            allowed = allowed and "admin" in persona.roles
        if allowed:
            assert answer.status_int not in REFUSED, (str(persona), answer.text)
        elif lists and entry.method == "GET":
            # Neutron shows everybody external networks.
            others = [each for each in next(iter(answer.json.values())) if not each.get("router:external")]
            assert (answer.status_int, others) == (200, []), (str(persona), answer.text)
        elif (entry.method == "POST" and entry.path.startswith("/qos/policies/{policy_id}")
              or entry.path.startswith("/auto-allocated-topology")):
            assert answer.status_int == 403, (str(persona), answer.text)
        elif entry.method == "POST" and "{" not in entry.path:
            expected = 403 if "admin" in persona.roles or persona.scope == "project" else 400
            assert answer.status_int == expected, (str(persona), answer.text)
        elif neutron.allows(f"get_{_kind(entry)}", target, credentials) or "quota" in path:
            assert answer.status_int == 403, (str(persona), answer.text)
        else:
            assert answer.status_int == 404, (str(persona), answer.text)


@pytest.mark.parametrize("user", ["system-admin", "domain-admin"])
def test_a_list_for_a_token_of_another_scope_reads_none_of_its_rows(cast, user):
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    sa.event.listen(cast.cloud.engine, "before_cursor_execute", note)
    try:
        answer = cast.cloud.send("GET", "/network/v2.0/ports", user=user)
    finally:
        sa.event.remove(cast.cloud.engine, "before_cursor_execute", note)
    assert answer.json == {"ports": []}
    assert not [each for each in statements if "FROM ports" in each]


def _kind(entry):
    """What the rule of an entry is about."""
    named = entry.policy.partition("_")[2]
    return {"prefixes": "subnetpool", "addresses": "address_group", "router_interface": "router",
            "extraroutes": "router", "subports": "trunk", "": "port_binding"}.get(named, named)


def _network_body(cast, entry):
    """A small one for POST and PUT; POST names the project, as an administrator may."""
    kind, ids = entry.policy.partition("_")[2], cast.cloud.ids
    if kind.endswith(("_tags", ":tags")):
        return {"tags": ["t"]} if entry.path.endswith("tags") and entry.method in ("POST", "PUT") else None
    if kind == "port_binding":
        return {"POST": {"binding": {"host": "n"}}, "PUT": {"binding": {"profile": {"a": 1}}}}.get(entry.method)
    if kind == "quota" and entry.method == "PUT":
        return {"quota": {"port": 7, "force": True}}
    if entry.method == "PUT":
        if not kind:            # it is only done
            return None
        if kind == "prefixes":
            return {"prefixes": ["10.127.0.0/16"]}
        if kind == "addresses":
            return {"addresses": ["10.127.0.0/16" if entry.path.endswith("add_addresses") else "10.2.0.0/16"]}
        if kind == "subports":
            return {"sub_ports": []}
        if kind == "router_interface":
            return {"subnet_id": ids["network", "routed" if entry.policy.startswith("remove") else "subnets"]}
        if kind == "extraroutes":
            return {"router": {"routes": []}}
        kind = kind.removeprefix("floatingip_").removeprefix("policy_")
        if kind.endswith("_rule") and kind.removeprefix("alias_")[:-5] in QOS_RULES:
            return {kind: QOS_RULES[kind.removeprefix("alias_")[:-5]]}
        return {kind: {"rbac_policy": {"target_tenant": "d" * 32}, "floatingip": {"description": "n"},
                       "port_forwarding": {"description": "n"}}.get(kind, {"name": "n"})}
    if entry.method != "POST":
        return None
    group = {"security_group_id": ids["network", "security-groups"], "direction": "egress", "protocol": "udp"}
    net = {"network_id": ids["network", "networks"]}
    made = {"subnet": {**net, "cidr": "10.77.0.0/24", "ip_version": 4}, "port": net, "security_group_rule": group,
            "default_security_group_rule": {"direction": "egress", "protocol": "udp"},
            "subnetpool": {"name": "n", "prefixes": ["10.0.0.0/8"]}, "address_scope": {"name": "n", "ip_version": 4},
            "segment": {**net, "network_type": "local"},
            "trunk": {"port_id": ids["network", "ports"]},
            "floatingip": {"floating_network_id": ids["network", "outer"]},
            "rbac_policy": {"object_type": "network", "object_id": ids["network", "networks"],
                            "action": "access_as_shared", "target_tenant": "d" * 32}}
    if kind.removeprefix("policy_")[:-5] in QOS_RULES:
        return {kind.removeprefix("policy_"): QOS_RULES[kind.removeprefix("policy_")[:-5]]}
    if kind == "floatingip_port_forwarding":
        return {"port_forwarding": {"internal_port_id": ids["network", "guest"], "protocol": "udp", "external_port": 7,
                                    "internal_port": 7}}
    return {kind: {**made.get(kind, {"name": "n"}), "project_id": cast.project_id}}
