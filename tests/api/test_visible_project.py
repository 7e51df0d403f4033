"""What callers without a project see, whatever their policies allow them: nothing that belongs to a project."""

import types
import uuid

import pytest

from nova_lite import db
from nova_lite.api.compute.server_filters import Filters
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext, admin
from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.compute.actions import build, resize, server_groups
from nova_lite.db import images
from nova_lite.network import exceptions as network_exceptions
from nova_lite.network.embedded.resources.security_groups import named
from nova_lite.network.listing import Ask
from tests.whole_cloud import whole  # noqa: F401

ROLES = ("manager", "member", "reader")
WITHOUT_PROJECT = {"unscoped": RequestContext("u", None, ROLES),
                   "domain": RequestContext("u", None, ROLES, domain_id="default"),
                   "system": RequestContext("u", None, ROLES, system_scope="all")}
NETWORK_RESOURCES = ("networks", "subnets", "ports", "security_groups", "security_group_rules", "routers",
                     "floating_ips")


@pytest.fixture(params=WITHOUT_PROJECT)
def context(request):
    return WITHOUT_PROJECT[request.param]


@pytest.fixture(scope="module")
def ownerless(whole):  # noqa: F811
    """The id of an image that no project owns."""
    return whole.facades.image.create(admin(), {"name": "ownerless", "visibility": "private"}).id


def test_administrators_see_all_projects():
    assert RequestContext("u", "p", ("admin",)).visible_project is ALL
    assert RequestContext("u", None, ("admin",)).visible_project is ALL


def test_users_see_their_project():
    assert RequestContext("u", "p", ROLES).visible_project == "p"


def test_callers_without_a_project_see_no_project(context):
    assert context.visible_project == context.own_project == NO_PROJECT


def _private_flavor(whole):  # noqa: F811
    """The id of a new one that the project demo may use."""
    flavors, name = whole.facades.compute.flavors, str(uuid.uuid4())
    private = flavors.create(admin(), {
        "flavorid": name, "name": name, "vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0, "swap_mb": 0,
        "rxtx_factor": 1.0, "is_public": False, "description": None})
    flavors.allow(admin(), private, whole.projects["demo"])
    return name


def test_servers_are_not_visible_without_a_project(whole, context):  # noqa: F811
    servers = whole.facades.compute.servers
    assert servers.list(admin(), {}, [], limit=10)
    req = types.SimpleNamespace(context=context, query={}, at_least=lambda _version: True)
    filters = Filters(req).scope(context)
    assert servers.list(context, filters, [], limit=10) == []
    with pytest.raises(exceptions.ServerNotFound):
        servers.get(context, whole.ids["server_id"])


def test_private_flavors_are_not_visible_without_a_project(whole, context):  # noqa: F811
    private = _private_flavor(whole)
    flavors = whole.facades.compute.flavors
    with pytest.raises(exceptions.FlavorNotFound):
        flavors.get(context, private)
    listed = flavors.list(context, public=None)
    assert listed and all(each.is_public for each in listed)


def test_server_groups_are_not_visible_without_a_project(whole, context):  # noqa: F811
    groups = whole.facades.compute.server_groups
    rows, _ = groups.list(admin(), ALL, limit=10, offset=0)
    assert rows
    assert groups.list(context, context.visible_project, limit=10, offset=0) == ([], {})
    with pytest.raises(exceptions.ServerGroupNotFound):
        groups.get(context, rows[0].id)


@pytest.mark.parametrize("visibility", [None, "all", "private", "shared"])
def test_owned_images_are_not_visible_without_a_project(whole, context, ownerless, visibility):  # noqa: F811
    service = whole.facades.image
    everything = service.list(admin(), images.Query(visibility="all"))
    hidden = {each.id for each in everything if each.visibility in ("private", "shared")}
    assert ownerless in hidden
    assert hidden.isdisjoint({each.id for each in service.list(context, images.Query(visibility=visibility))})
    for image_id in hidden:
        with pytest.raises(exceptions.ImageNotFound):
            service.show(context, image_id)


@pytest.mark.parametrize("resource", NETWORK_RESOURCES)
def test_network_resources_are_not_visible_without_a_project(whole, context, resource):  # noqa: F811
    service = getattr(whole.facades.network, resource)
    rows = service.list(admin(), Ask())
    assert rows
    assert [each for each in service.list(context, Ask()) if not _is_for_all(each)] == []
    with pytest.raises(exceptions.NotFound):
        service.get(context, next(each["id"] for each in rows if not _is_for_all(each)))


def _is_for_all(row):
    return row.get("shared") or row.get("router:external")


@pytest.mark.parametrize("requested", [None, "auto"])
def test_a_request_for_a_server_chooses_no_network_of_a_project(whole, context, requested):  # noqa: F811
    chosen = whole.facades.network.validate(context, requested, 1)
    shared = {each["id"] for each in whole.facades.network.networks.list(admin(), Ask()) if each["shared"]}
    assert {each["network"] for each in chosen if each.get("network")} <= shared


def test_a_request_for_a_server_finds_no_security_group_of_a_project(whole, context):  # noqa: F811
    groups = whole.facades.network.security_groups.list(admin(), Ask())
    for group_id in {each["id"] for each in groups}:
        with pytest.raises(exceptions.BadRequest):
            whole.facades.network.validate(context, "none", 1, [group_id])


def test_no_default_security_group_is_made_without_a_project(whole, context):  # noqa: F811
    with db.writer() as session, pytest.raises(network_exceptions.RequestedGroupNotFound):
        named(session, context.own_project, "default")


def test_requests_by_private_flavor_are_refused_without_a_project(whole, context):  # noqa: F811
    """A create and a resize look the flavor up by themselves."""
    private = _private_flavor(whole)
    with db.reader() as session:
        for find in (lambda: build._flavor_of(session, context, types.SimpleNamespace(flavor_id=private), None),
                     lambda: resize._flavor(session, context, None, private)):
            with pytest.raises(exceptions.BadRequest, match="could not be found"):
                find()


def test_a_request_for_a_server_joins_no_group_of_a_project(whole, context):  # noqa: F811
    rows, _ = whole.facades.compute.server_groups.list(admin(), ALL, limit=10, offset=0)
    with db.writer() as session, pytest.raises(exceptions.BadRequest, match="could not be found"):
        server_groups.join(session, context, {"group": [rows[0].id]}, 1)
