"""Every rule of the compute API is asked where it says so, and who may not gets 403 before anything is done."""

import hypothesis
import pytest

from nova_lite.api.compute import routes
from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.routing import Route
from nova_lite.api.wsgi.validation import Since
from nova_lite.common import policy
from nova_lite.policies import base
from tests.whole_cloud import whole  # noqa: F401

ENTRIES = [entry for entry in (*routes.ROUTES, *routes.ACTIONS) if entry.policy]
SETTINGS = hypothesis.settings(max_examples=100, derandomize=True, database=None, deadline=None,
                               suppress_health_check=list(hypothesis.HealthCheck),
                               phases=(hypothesis.Phase.generate,))
VOLUME = "00000000-0000-4000-8000-000000000000"
#: What a body made from the schema would only hit by chance: (id in the path, body).
GIVEN = {"PUT /servers/{server_id}/os-volume_attachments/{id}": (VOLUME, {"volumeAttachment": {"volumeId": VOLUME}}),
         "POST /servers/{id}/action (os-migrateLive)": (None, {
             "os-migrateLive": {"host": None, "block_migration": "auto"}})}

_POLICY = "os_compute_api:servers:"
_SERVER, _ACT = "/servers/{id}", "/servers/{id}/action"
_NEW = {"name": "n", "flavorRef": "42", "networks": "none"}
_IMAGE = {**_NEW, "imageRef": "IMAGE"}
#: Rules that a route asks besides its own, or of what it shows: a request that makes it do so.
BESIDE = {
    _POLICY + "index:get_all_tenants": ("GET", "/servers?all_tenants=1"),
    _POLICY + "detail:get_all_tenants": ("GET", "/servers/detail?all_tenants=1"),
    _POLICY + "allow_all_filters": ("GET", "/servers"),
    _POLICY + "show:flavor-extra-specs": ("GET", _SERVER),
    _POLICY + "show:host_status": ("GET", _SERVER),
    _POLICY + "show:host_status:unknown-only": ("GET", _SERVER),
    "os_compute_api:os-extended-server-attributes": ("GET", _SERVER),
    _POLICY + "create:forced_host": ("POST", "/servers", {"server": {**_NEW, "availability_zone": "nova:host-1"}}),
    "compute:servers:create:requested_destination": ("POST", "/servers", {"server": {**_NEW, "host": "host-1"}}),
    _POLICY + "create:zero_disk_flavor": ("POST", "/servers", {"server": {**_IMAGE, "flavorRef": "none"}}),
    _POLICY + "create:attach_volume": ("POST", "/servers", {"server": {**_IMAGE, "block_device_mapping_v2": [
        {"boot_index": 0, "source_type": "image", "destination_type": "local", "uuid": "IMAGE"}]}}),
    _POLICY + "create:attach_network": ("POST", "/servers", {"server": {**_IMAGE, "networks": "auto"}}),
    _POLICY + "create:trusted_certs": ("POST", "/servers", {"server": {**_NEW, "trusted_image_certificates": ["x"]}}),
    _POLICY + "rebuild:trusted_certs": ("POST", _ACT, {
        "rebuild": {"imageRef": "IMAGE", "trusted_image_certificates": None}}),
    _POLICY + "migrations:index:host": ("GET", "/servers/{id}/migrations"),
    "os_compute_api:os-lock-server:unlock:unlock_override": ("POST", _ACT, {"unlock": None}),
    "os_compute_api:os-migrate-server:migrate:host": ("POST", _ACT, {"migrate": {"host": "x"}}),
    "os_compute_api:os-migrate-server:migrate_live:host": (
        "POST", _ACT, {"os-migrateLive": {"host": "x", "block_migration": "auto"}}),
    "os_compute_api:os-shelve:unshelve_to_host": ("POST", _ACT, {"unshelve": {"host": "x"}}),
    "os_compute_api:os-migrations:index:all_projects": ("GET", "/os-migrations"),
    "os_compute_api:os-migrations:index:host": ("GET", "/os-migrations"),
    "os_compute_api:os-instance-actions:events": ("GET", "/servers/{server_id}/os-instance-actions/{id}"),
    "os_compute_api:os-instance-actions:events:details": ("GET", "/servers/{server_id}/os-instance-actions/{id}"),
    "os_compute_api:limits:other_project": ("GET", "/limits?tenant_id=x"),
    "os_compute_api:os-server-groups:index:all_projects": ("GET", "/os-server-groups?all_projects"),
    "os_compute_api:os-volumes-attachments:swap": (
        "PUT", "/servers/{server_id}/os-volume_attachments/other", {"volumeAttachment": {"volumeId": VOLUME}}),
}


@pytest.fixture
def asked(monkeypatch):
    """``asked(rule)``: the set of rules that are asked from now on, all of which allow but that one."""
    def without(refused=None):
        seen = set()
        monkeypatch.setattr(policy, "allowed",
                            lambda context, rule, target=None: seen.add(rule) or rule != refused)
        return seen
    return without


def bodies(cloud, entry, version):
    controller, _, name = entry.target.partition(":")
    schema = getattr(getattr(routes.CONTROLLERS[controller], name), "body_schema", None)
    if isinstance(schema, Since):
        schema = schema.schemas[schema.number(microversion.parse(version))]
    return hypothesis.strategies.none() if schema is None else cloud.values.valid(schema)


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_a_request_without_permission_is_refused_by_the_rule_of_its_route(whole, asked, entry):  # noqa: F811
    seen, version = asked(entry.policy), entry.until or "2.104"
    odd, body = GIVEN.get(str(entry), (None, None))
    path = whole.path("compute", entry.path if isinstance(entry, Route) else f"/{entry.on}/{{id}}/action", version,
                      odd=odd)

    def refused(body):
        answer = whole.send(getattr(entry, "method", "POST"), path, body, user="demo", version=version)
        if entry.policy in seen:
            assert answer.status_int == 403, answer.text
            assert answer.json["forbidden"]["message"] == f"Policy doesn't allow {entry.policy} to be performed."
        return entry.policy in seen

    whole.changed()
    hypothesis.find(hypothesis.strategies.just(body) if body else bodies(whole, entry, version), refused,
                    settings=SETTINGS)
    assert not whole.changed()


@pytest.mark.parametrize("rule", BESIDE)
def test_a_rule_beside_that_of_the_route_is_asked(whole, asked, rule):  # noqa: F811
    method, template, *body = BESIDE[rule]
    text = str(body)
    if "unlock" in text:
        whole.send("POST", whole.path("compute", _ACT), {"lock": None}, user="admin")
    if "none" in text and "flavorRef" in text:
        made = {"flavor": {"id": "none", "name": "none", "ram": 1, "vcpus": 1, "disk": 0}}
        whole.make("/compute/v2.1/flavors", made, user="admin")
    path, _, query = template.partition("?")
    seen = asked("os_compute_api:servers:show:host_status")
    whole.send(method, whole.path("compute", path) + (query and f"?{query}"), _filled(whole, body[0] if body else None),
               user="admin", version="2.100")
    whole.restore()
    assert rule in seen


def _filled(cloud, body):
    if isinstance(body, dict):
        return {key: _filled(cloud, value) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(cloud, each) for each in body]
    return cloud.ids["image_id"] if body == "IMAGE" else body


def test_every_declared_rule_is_used_by_a_route():
    general = {each.name for each in base.RULES}
    ours = {each.name for each in policy.declared() if each.name.startswith(("os_compute_api:", "compute:"))}
    assert ours - general == {entry.policy for entry in ENTRIES} | BESIDE.keys()
