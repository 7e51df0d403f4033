"""Bodies that identity sends, in Keystone's shapes."""

import datetime

from nova_lite.conf import CONF
from nova_lite.identity import catalog


def collection(req, name, items, next_marker=None):
    """{name: items, "links": ...}; ``next_marker`` is the last id shown where there is more."""
    here = req.root_url + req.environ["PATH_INFO"]
    text = req.environ.get("QUERY_STRING", "")
    following = None
    if next_marker is not None:
        kept = [part for part in text.split("&") if not part.startswith("marker=")]
        following = f"{here}?{'&'.join([*kept, f'marker={next_marker}'])}"
    made = {name: items, "links": {"next": following, "self": here + ("?" + text if text else ""), "previous": None}}
    return made if following is None else {**made, "truncated": True}


def _linked(req, plural, values):
    return {**values, "links": {"self": f"{req.base_url}/{plural}/{values['id']}"}}


def user(req, row):
    made = {**row.extra, "id": row.id, "name": row.name, "domain_id": row.domain_id, "enabled": row.enabled,
            "password_expires_at": None, "options": row.options}
    if row.default_project_id:
        made["default_project_id"] = row.default_project_id
    return _linked(req, "users", made)


def project(req, row):
    return _linked(req, "projects", {
        **row.extra, "id": row.id, "name": row.name, "domain_id": row.domain_id, "description": row.description,
        "enabled": row.enabled, "parent_id": row.domain_id, "is_domain": False, "tags": row.tags,
        "options": row.options})


def domain_as_project(req, row):
    """A domain, as Keystone lists it among projects."""
    return _linked(req, "projects", {
        **row.extra, "id": row.id, "name": row.name, "domain_id": None, "description": row.description,
        "enabled": row.enabled, "parent_id": None, "is_domain": True, "tags": row.tags, "options": row.options})


def domain(req, row):
    return _linked(req, "domains", {
        **row.extra, "id": row.id, "name": row.name, "description": row.description, "enabled": row.enabled,
        "tags": row.tags, "options": row.options})


def role(req, row):
    return _linked(req, "roles", {**row.extra, "id": row.id, "name": row.name, "domain_id": None,
                                  "description": row.description, "options": row.options})


def role_inference(req, prior, implied):
    return {"prior_role": _role_link(req, prior), "implies": [_role_link(req, row) for row in implied]}


def _role_link(req, row):
    return _linked(req, "roles", {"id": row.id, "name": row.name})


def region(req):
    return _linked(req, "regions", {"id": CONF.identity.region, "description": "", "parent_region_id": None})


def service(req, each):
    return _linked(req, "services", {"id": each.id, "name": each.name, "type": each.type, "enabled": True,
                                     "description": each.description})


def endpoint(req, each):
    region_id = CONF.identity.region
    return _linked(req, "endpoints", {
        "id": each.id, "interface": each.interface, "service_id": each.service.id, "url": each.url, "enabled": True,
        "region_id": region_id, "region": region_id})


def token(req, each, described, with_catalog):
    """The body for a Token; ``described`` is what ``identity.describe`` gave."""
    user_domain, scope, scope_domain, roles = described
    made = {"methods": each.methods, "audit_ids": each.audit_ids,
            "issued_at": _moment(each.issued), "expires_at": _moment(each.expires),
            "user": {"id": each.user_id, "name": each.user_name, "password_expires_at": None,
                     "domain": _named(user_domain, each.user_domain_id)}}
    if each.scope == "project":
        made["project"] = {"id": each.scope_id, "name": each.scope_name,
                           "domain": _named(scope_domain, each.scope_domain_id)}
        made["is_domain"] = False
    elif each.scope == "domain":
        made["domain"] = _named(scope, each.scope_id)
    elif each.scope == "system":
        made["system"] = {"all": True}
    if each.scope:
        made["roles"] = [{"id": row.id, "name": row.name} for row in roles]
        if with_catalog:
            made["catalog"] = catalog.catalog(req.root_url)
    return {"token": made}


def assignment(req, grant, role_id, names=None):
    """One role assignment.

    :param grant: a Row of Grant.
    :param role_id: differs from the grant's where the grant's role implies it.
    :param names: as ``Grants.names`` returns them; None: only ids are shown.
    """
    kind = grant.target_type
    links = {"assignment": f"{req.base_url}{_grant_path(grant)}"}
    if role_id != grant.role_id:
        links["prior_role"] = f"{req.base_url}/prior_role/{grant.role_id}/implies/{role_id}"
    scope = {kind: {"all": True} if kind == "system" else _reference(names, kind, grant.target_id)}
    if grant.inherited:
        scope["OS-INHERIT:inherited_to"] = "projects"
    return {"links": links, "scope": scope, grant.actor_type: _reference(names, grant.actor_type, grant.actor_id),
            "role": _reference(names, "role", role_id)}


def _grant_path(grant):
    target = "/system" if grant.target_type == "system" else f"/{grant.target_type}s/{grant.target_id}"
    path = f"{target}/{grant.actor_type}s/{grant.actor_id}/roles/{grant.role_id}"
    return f"/OS-INHERIT{path}/inherited_to_projects" if grant.inherited else path


def _reference(names, kind, id):
    if names is None:
        return {"id": id}
    row = names[kind].get(id)
    made = {"id": id, "name": row.name if row else ""}
    if kind in ("user", "group", "project") and row:
        made["domain"] = _named(names["domain"].get(row.domain_id), row.domain_id)
    return made


def _named(row, id):
    return {"id": id, "name": row.name if row else id}


def _moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
