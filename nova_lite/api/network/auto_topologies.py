"""/auto-allocated-topology"""

from nova_lite.api.network import attributes
from nova_lite.api.wsgi import validation
from nova_lite.network.exceptions import BadRequest
from nova_lite.network.qos_exceptions import NotAuthorized

_NAME = "auto_allocated_topology"
_DRY_RUN = "dry-run"
_TEXTS = {"type": "array", "items": {"type": "string", "maxLength": 64}}
QUERY = {"type": "object", "additionalProperties": False, "properties": {"fields": _TEXTS}}


class AutoTopologies:
    """A network for who wants any."""

    def __init__(self, network):
        self._topologies = network.auto_topologies

    @validation.query(QUERY)
    def show(self, req, id):
        """Where the project has none, it is made; with ``fields=dry-run`` it is only checked whether it could be.

        409: there is no default external network, or no default subnet pool.
        """
        project_id = self._project(req, id, "get")
        fields = req.query.get("fields", [])
        if _DRY_RUN in fields:
            self._topologies.validate()
            made = "dry-run=pass"
        elif fields:
            raise BadRequest(resource="auto_allocate", detail="Unrecognized field")
        else:
            made = self._topologies.ensure(project_id)
        return {_NAME: {"id": made, "project_id": project_id, "tenant_id": project_id}}

    def delete(self, req, id):
        """204, also where it has none.  409: something is still on its network or router."""
        self._topologies.delete(self._project(req, id, "delete"))
        return 204

    @staticmethod
    def _project(req, id, action):
        """The project; clients that mean their own say "None"."""
        project_id = req.context.project_id if id == "None" else id
        if project_id is None:
            raise BadRequest(resource="auto_allocate", detail="The request names no project and its token is of none")
        if not req.context.is_admin and project_id != req.context.project_id:
            raise NotAuthorized
        req.context.can(f"{action}_{_NAME}", {"project_id": project_id})
        attributes.possible_project(project_id)
        return project_id
