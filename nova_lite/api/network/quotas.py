"""/quotas"""

from nova_lite.api.network import attributes, schemas
from nova_lite.api.network.listing import boolean
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.network import exceptions as network_exceptions


class Quotas:
    """Everyone sees the limits of the project of their token; other projects' are for operators."""

    def __init__(self, network):
        self._quotas = network.quotas

    def index(self, req):
        """The projects that have limits of their own."""
        req.context.can("get_quota", {"project_id": None})
        return {"quotas": [{**limits, "project_id": project_id, "tenant_id": project_id}
                           for project_id, limits in self._quotas.every().items()]}

    def project(self, req):
        """Which project the token is of."""
        return {"project": {"project_id": _own(req)}}

    def tenant(self, req):
        return {"tenant": {"tenant_id": _own(req)}}

    def show(self, req, project_id):
        _check(req, project_id)
        return {"quota": self._quotas.get(project_id)}

    def default(self, req, project_id):
        _check(req, project_id)
        return {"quota": self._quotas.defaults()}

    def details(self, req, project_id):
        _check(req, project_id)
        return {"quota": self._quotas.details(project_id)}

    @validation.body(schemas.QUOTA_UPDATE)
    def update(self, req, project_id):
        """400: the project has more already, and the request does not say ``force``."""
        req.context.can("update_quota", {"project_id": project_id})
        attributes.possible_project(project_id)
        said = dict(req.body_json["quota"])
        force = boolean(said.pop("force", False))
        limits = {name: int(said[name]) for name in self._quotas.defaults() if name in said}
        return {"quota": self._quotas.update(project_id, limits, force=force)}

    def delete(self, req, project_id):
        """204.  404: it has no limits of its own."""
        req.context.can("delete_quota", {"project_id": project_id})
        if len(project_id) > attributes.LONGEST_PROJECT_ID:
            raise network_exceptions.TenantQuotaNotFound(project_id=project_id[:attributes.LONGEST_PROJECT_ID])
        self._quotas.delete(project_id)
        return 204


def _own(req):
    if req.context.project_id is None:
        raise exceptions.BadRequest("Project-id was missing from quota request.")
    return req.context.project_id


def _check(req, project_id):
    if project_id != req.context.project_id:
        req.context.can("get_quota", {"project_id": project_id})
