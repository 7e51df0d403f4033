"""Servers: /servers and what it shows."""

from nova_lite.api.compute.create_request import read, short
from nova_lite.api.compute.paging import limit_and_marker, sort_of
from nova_lite.api.compute.schemas import server_list
from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.compute.server_filters import Filters
from nova_lite.api.compute.views.links import Links
from nova_lite.api.compute.views.servers import ServerView
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions
from nova_lite.conf import CONF

_POLICY = "os_compute_api:servers:"
#: What a request calls an attribute, and its column.
_COLUMNS = {"description": "description", "hostname": "hostname", "accessIPv4": "access_ipv4",
            "accessIPv6": "access_ipv6", "OS-DCF:diskConfig": "disk_config",
            "pinned_availability_zone": "availability_zone"}


class Servers:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.query(server_list.LIST)
    def index(self, req):
        """200 and ids and names.  400: a filter, sort key or marker that cannot be.  403: all_tenants for members."""
        return self._list(req, "index")

    @validation.query(server_list.LIST)
    def detail(self, req):
        """As ``index``, each server whole."""
        return self._list(req, "detail")

    def _list(self, req, kind):
        req.context.can(_POLICY + kind)
        filters = Filters(req)
        if filters.values is None:
            return {"servers": []}
        if filters.all_projects:
            req.context.can(f"{_POLICY}{kind}:get_all_tenants")
        limit, marker = limit_and_marker(req)
        marker = marker or None             # an empty one means none, unlike in other lists
        view = ServerView(req, listed=True)
        columns = "brief" if kind == "index" else "host" if view.needs_host else "detail"
        rows = self._compute.servers.list(req.context, filters.scope(req.context), _sort(req), limit=limit,
                                          marker=marker, columns=columns)
        show = view.basic if kind == "index" else view.show
        answer = {"servers": [show(row) for row in rows]}
        following = Links(req).following(req, "servers" if kind == "index" else "servers/detail", rows, limit,
                                         lambda row: row.id)
        if following:
            answer["servers_links"] = following
        return answer

    @validation.query(schema.SHOW)
    def show(self, req, id):
        """200 and the server.  404: there is none, or it is another project's."""
        server = self._compute.servers.show(req.context, id)
        req.context.can(_POLICY + "show", server)
        return {"server": ServerView(req, server).show(server)}

    @validation.body(schema.CREATE)
    def create(self, req):
        """202 and the new server's id, or the reservation's.  400: what it names does not exist.  403: over quota."""
        request = read(req, self._compute)
        servers, reservation_id = self._compute.build.create(req.context, request)
        if request.return_reservation_id:
            return Answer({"reservation_id": reservation_id}, 202)
        shown_pass = request.admin_pass if CONF.compute_api.enable_instance_password else None
        made = ServerView(req, servers[0]).created(servers[0], request.security_groups, shown_pass)
        return Answer({"server": made}, 202, [("Location", made["links"][0]["href"])])

    @validation.body(schema.UPDATE)
    def update(self, req, id):
        """200 and the server.  404: there is none.  409: it cannot be pinned to that zone."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "update", server)
        asked = req.body_json["server"]
        values = {_COLUMNS[name]: value for name, value in asked.items() if name in _COLUMNS}
        if "accessIPv6" in asked:
            values["access_ipv6"] = short(asked["accessIPv6"])
        if "name" in asked:
            values["display_name"] = asked["name"].strip()
        server = self._compute.servers.update(req.context, server, values)
        return {"server": ServerView(req, server, brief=not req.at_least("2.75")).show(server)}

    def delete(self, req, id):
        """204 and it begins to go.  404: there is none.  409: it is locked."""
        server = self._compute.servers.get(req.context, id, damaged=True)
        req.context.can(_POLICY + "delete", server)
        self._compute.delete.delete(req.context, server)
        return 204


def _sort(req):
    ignored = () if req.at_least("2.75") else server_list.IGNORED_SORT_KEYS
    if req.at_least("2.73"):
        ignored = tuple(key for key in ignored if key != "locked")
    order = sort_of(req, ignored)
    for key, _ in order:
        if key in ("host", "node") and not req.context.is_admin:
            raise exceptions.Forbidden(f"Only administrators can sort servers by {key}")
    return order
