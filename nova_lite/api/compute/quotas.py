"""Limits and quotas: /limits and /os-quota-sets."""

from oslo_utils import strutils

from nova_lite.api.compute import projects
from nova_lite.api.compute.paging import last
from nova_lite.api.compute.schemas import quotas as schema
from nova_lite.api.compute.schemas.types import OPEN_QUERY
from nova_lite.api.compute.views import quotas as view
from nova_lite.api.wsgi import validation

_POLICY = "os_compute_api:os-quota-sets:"


class Limits:
    def __init__(self, facades):
        self._limits = facades.compute.limits

    @validation.query(schema.LIMITS)
    def index(self, req):
        """200 and what the caller's project, or for administrators the one of ``tenant_id``, may use and uses."""
        req.context.can("os_compute_api:limits")
        other = last(req.query, "tenant_id")
        if other is not None:
            req.context.can("os_compute_api:limits:other_project")
        maxima, used = self._limits.with_usage(req.context, other or req.context.project_id)
        return view.limits(req, maxima, used)


class QuotaSets:
    """Quotas of a project, or of the one of its users that ``user_id`` in the query names."""

    def __init__(self, facades):
        self._limits = facades.compute.limits
        self._identity = facades.identity

    def _allow(self, req, rule, project_id):
        """403, or 400 where there is no such project."""
        req.context.can(_POLICY + rule, {"project_id": project_id})
        projects.check(self._identity, req.context, project_id)

    @validation.query(schema.QUERY)
    def show(self, req, id):
        self._allow(req, "show", id)
        return view.quota_set(req, self._limits.of(req.context, id, _user(req)), id)

    @validation.query(schema.QUERY)
    def detail(self, req, id):
        self._allow(req, "detail", id)
        maxima, used = self._limits.with_usage(req.context, id, _user(req))
        return view.quota_set(req, {name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0}
                                    for name, limit in maxima.items()}, id)

    @validation.query(OPEN_QUERY)
    def defaults(self, req, id):
        self._allow(req, "defaults", id)
        return view.quota_set(req, self._limits.defaults(req.context), id)

    @validation.query(schema.QUERY)
    @validation.body(schema.UPDATE)
    def update(self, req, id):
        """200 and all limits.  400: below what is used, unless ``force`` says so."""
        self._allow(req, "update", id)
        asked = dict(req.body_json["quota_set"])
        force = strutils.bool_from_string(asked.pop("force", False))
        values = {name: int(limit) for name, limit in asked.items()}
        return view.quota_set(req, self._limits.write(req.context, id, values, force=force, user_id=_user(req)))

    @validation.query(schema.QUERY)
    def delete(self, req, id):
        """202 and the defaults hold again."""
        req.context.can(_POLICY + "delete", {"project_id": id})
        self._limits.forget(req.context, id, _user(req))
        return 202


def _user(req):
    """Given several times, the first one counts, unlike in other queries."""
    return req.query.get("user_id", [None])[0] or None
