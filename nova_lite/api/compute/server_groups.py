"""Server groups: /os-server-groups, and who is together or apart."""

from nova_lite.api.compute.paging import limit_and_offset
from nova_lite.api.compute.schemas import server_groups as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views.server_groups import server_group
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions, integers
from nova_lite.common.visibility import ALL

_POLICY = "os_compute_api:os-server-groups:"


class ServerGroups:
    def __init__(self, facades):
        self._groups = facades.compute.server_groups

    @validation.query(schema.LIST)
    def index(self, req):
        """200 and the project's groups; for administrators who ask with ``all_projects``, everybody's."""
        req.context.can(_POLICY + "index")
        project_id = req.context.visible_project if "all_projects" in req.query else req.context.own_project
        if project_id is ALL:
            req.context.can(_POLICY + "index:all_projects")
        limit, offset = limit_and_offset(req)
        rows, members = self._groups.list(req.context, project_id, limit=limit, offset=offset)
        return {"server_groups": [server_group(req, row, members.get(row.id, [])) for row in rows]}

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200.  404: there is none, or it is another project's."""
        row, members = self._groups.get(req.context, id)
        req.context.can(_POLICY + "show", row)
        return {"server_group": server_group(req, row, members)}

    @validation.body(schema.CREATE)
    def create(self, req):
        """200 and the group.  400: rules that its policy does not have.  403: the project has too many."""
        req.context.can(_POLICY + "create")
        req.context.need_project(_POLICY + "create")
        asked = req.body_json["server_group"]
        policy = asked["policy"] if "policy" in asked else asked["policies"][0]
        rules = asked.get("rules", {})
        if rules and policy != "anti-affinity":
            raise exceptions.BadRequest("Only anti-affinity policy supports rules.")
        most = rules.get("max_server_per_host")
        row = self._groups.create(req.context, asked["name"], policy, None if most is None else integers.within(most))
        return {"server_group": server_group(req, row, [])}

    def delete(self, req, id):
        """204; its servers stay, in no group.  404: there is none."""
        row, _ = self._groups.get(req.context, id)
        req.context.can(_POLICY + "delete", row)
        self._groups.delete(req.context, row)
        return 204
