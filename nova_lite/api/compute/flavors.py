"""Flavors: /flavors, who may use private ones, and their extra specs."""

from oslo_utils import strutils

from nova_lite.api.compute import extra_spec_names, projects
from nova_lite.api.compute.paging import last, limit_and_marker
from nova_lite.api.compute.schemas import flavors as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views import flavors as view
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions, integers

_MANAGE = "os_compute_api:os-flavor-manage:"
_SPECS = "os_compute_api:os-flavor-extra-specs:"
_ACCESS = "os_compute_api:os-flavor-access"


class Flavors:
    def __init__(self, facades):
        self._flavors = facades.compute.flavors

    @validation.query(schema.LIST)
    def index(self, req):
        """200 and ids and names.  400: a filter or marker that cannot be."""
        return self._list(req, "flavors")

    @validation.query(schema.LIST)
    def detail(self, req):
        return self._list(req, "flavors/detail")

    def _list(self, req, collection):
        limit, marker = limit_and_marker(req)
        rows = self._flavors.list(
            req.context, public=_public(req), minimum_ram=_integer(req, "minRam"),
            minimum_disk=_integer(req, "minDisk"), name=last(req.query, "name") or None,
            sort_key=last(req.query, "sort_key", "flavorid"), sort_dir=last(req.query, "sort_dir", "asc"), limit=limit,
            marker=marker)
        shown = view.FlavorView(req)
        show = shown.basic if collection == "flavors" else shown.show
        answer = {"flavors": [show(row) for row in rows]}
        links = Links(req).following(req, collection, rows, limit, lambda row: row.flavorid)
        if links:
            answer["flavors_links"] = links
        return answer

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200.  404: there is none, or it is private to others."""
        return {"flavor": view.FlavorView(req).show(self._flavors.get(req.context, id))}

    @validation.body(schema.CREATE)
    def create(self, req):
        """200 and the flavor.  409: its name or id is taken."""
        req.context.can(_MANAGE + "create")
        asked = req.body_json["flavor"]
        row = self._flavors.create(req.context, {
            "flavorid": str(asked["id"]) if asked.get("id") else None, "name": asked["name"].strip(),
            "memory_mb": int(asked["ram"]), "vcpus": int(asked["vcpus"]), "root_gb": int(asked["disk"]),
            "ephemeral_gb": int(asked.get("OS-FLV-EXT-DATA:ephemeral", 0)), "swap_mb": int(asked.get("swap", 0)),
            "rxtx_factor": _factor(asked.get("rxtx_factor", 1.0)),
            "is_public": strutils.bool_from_string(asked.get("os-flavor-access:is_public", True)),
            "description": asked.get("description")})
        return {"flavor": view.FlavorView(req).show(row)}

    @validation.body(schema.UPDATE)
    def update(self, req, id):
        """200 and the flavor with its new description.  404: there is none."""
        req.context.can(_MANAGE + "update")
        row = self._flavors.describe(req.context, id, req.body_json["flavor"]["description"])
        return {"flavor": view.FlavorView(req).show(row)}

    def delete(self, req, id):
        """202.  404: there is none."""
        req.context.can(_MANAGE + "delete")
        self._flavors.delete(req.context, id)
        return 202


class Access:
    """Projects that may use a private flavor."""

    def __init__(self, facades):
        self._flavors = facades.compute.flavors
        self._identity = facades.identity

    @validation.query(NO_QUERY)
    def index(self, req, flavor_id):
        """200.  404: there is no such flavor, or it is public."""
        req.context.can(_ACCESS)
        flavor = self._flavors.get(req.context, flavor_id)
        if flavor.is_public:
            raise exceptions.NotFound("Access list not available for public flavors.")
        return view.access(flavor, self._flavors.projects(req.context, flavor))

    @validation.body(schema.ADD_ACCESS)
    def add(self, req, id):
        """200 and the new list.  400: no such project.  409: it had access, or (from 2.7) everybody has."""
        req.context.can(_ACCESS + ":add_tenant_access")
        project_id = req.body_json["addTenantAccess"]["tenant"]
        projects.check(self._identity, req.context, project_id)
        flavor = self._flavors.get(req.context, id)
        if flavor.is_public and req.at_least("2.7"):
            raise exceptions.FlavorIsPublic()
        return view.access(flavor, self._flavors.allow(req.context, flavor, project_id))

    @validation.body(schema.REMOVE_ACCESS)
    def remove(self, req, id):
        """200 and the new list.  404: it had no access."""
        req.context.can(_ACCESS + ":remove_tenant_access")
        flavor = self._flavors.get(req.context, id)
        project_id = req.body_json["removeTenantAccess"]["tenant"]
        return view.access(flavor, self._flavors.disallow(req.context, flavor, project_id))


class ExtraSpecs:
    """Extra specs of a flavor, which the scheduler and the driver read."""

    def __init__(self, facades):
        self._flavors = facades.compute.flavors

    @validation.query(NO_QUERY)
    def index(self, req, flavor_id):
        req.context.can(_SPECS + "index")
        return {"extra_specs": self._flavors.get(req.context, flavor_id).extra_specs}

    @validation.query(NO_QUERY)
    def show(self, req, flavor_id, id):
        req.context.can(_SPECS + "show")
        specs = self._flavors.get(req.context, flavor_id).extra_specs
        if id not in specs:
            raise exceptions.ExtraSpecNotFound(flavor_id=flavor_id, key=id)
        return {id: specs[id]}

    @validation.body(schema.SPECS)
    def create(self, req, flavor_id):
        """200 and what was asked.  400: a known name has a value it cannot have (from 2.86).  404: no such flavor."""
        req.context.can(_SPECS + "create")
        specs = req.body_json["extra_specs"]
        self._flavors.set_specs(req.context, flavor_id, _checked(req, specs))
        return {"extra_specs": specs}

    @validation.body(schema.SPEC)
    def update(self, req, flavor_id, id):
        req.context.can(_SPECS + "update")
        spec = req.body_json
        if id not in spec:
            raise exceptions.BadRequest("Request body and URI mismatch")
        self._flavors.set_specs(req.context, flavor_id, _checked(req, spec))
        return spec

    def delete(self, req, flavor_id, id):
        """200.  404: the flavor has none of that name."""
        req.context.can(_SPECS + "delete")
        self._flavors.remove_spec(req.context, flavor_id, id)
        return 200


def _checked(req, specs):
    """Extra specs as texts.  :raises ValidationError:"""
    texts = {name: str(value) for name, value in specs.items()}
    if req.at_least("2.86"):
        extra_spec_names.check(texts)
    return texts


def _public(req):
    """Which flavors are wanted: public ones unless an administrator says otherwise; "none" means all."""
    text = last(req.query, "is_public")
    if text is None or not req.context.is_admin:
        return True
    if text.lower() == "none":
        return None
    try:
        return strutils.bool_from_string(text, strict=True)
    except ValueError as error:
        raise exceptions.BadRequest(f"Invalid is_public filter [{text}]") from error


def _integer(req, name):
    text = last(req.query, name)
    try:
        return None if text is None else integers.within(text)
    except ValueError as error:
        raise exceptions.BadRequest(f"Invalid {name} filter [{text}]") from error


def _factor(value):
    if float(value) > 0:
        return float(value)
    raise exceptions.BadRequest("Invalid input received: 'rxtx_factor' argument must be a float between 0 and "
                               "3.40282e+38")
