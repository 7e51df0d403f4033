"""Server groups: /os-server-groups, and who is together or apart."""

from nova_lite.api.compute.paging import limit_and_offset
from nova_lite.api.compute.schemas import server_groups as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views.server_groups import server_group
from nova_lite.api.wsgi import validation
from nova_lite.common import exception, numbers

_P = "os_compute_api:os-server-groups:"


class ServerGroups:
    def __init__(self, doors):
        self._groups = doors.compute.server_groups

    @validation.query(schema.LIST)
    def index(self, req):
        """200 and the project's groups; for administrators who ask with ``all_projects``, everybody's."""
        req.context.can(_P + "index")
        everybody = "all_projects" in req.query and req.context.is_admin
        if everybody:
            req.context.can(_P + "index:all_projects")
        limit, offset = limit_and_offset(req)
        rows, members = self._groups.list(req.context, everybody=everybody, limit=limit, offset=offset)
        return {"server_groups": [server_group(req, row, members.get(row.id, [])) for row in rows]}

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200.  404: there is none, or it is another project's."""
        row, members = self._groups.get(req.context, id)
        req.context.can(_P + "show", row)
        return {"server_group": server_group(req, row, members)}

    @validation.body(schema.CREATE)
    def create(self, req):
        """200 and the group.  400: rules that its policy does not have.  403: the project has too many."""
        req.context.can(_P + "create")
        req.context.need_project(_P + "create")
        asked = req.body_json["server_group"]
        policy = asked["policy"] if "policy" in asked else asked["policies"][0]
        rules = asked.get("rules", {})
        if rules and policy != "anti-affinity":
            raise exception.BadRequest("Only anti-affinity policy supports rules.")
        most = rules.get("max_server_per_host")
        row = self._groups.create(req.context, asked["name"], policy, None if most is None else numbers.within(most))
        return {"server_group": server_group(req, row, [])}

    def delete(self, req, id):
        """204; its servers stay, in no group.  404: there is none."""
        row, _ = self._groups.get(req.context, id)
        req.context.can(_P + "delete", row)
        self._groups.delete(req.context, row)
        return 204
