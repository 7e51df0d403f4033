"""Hypervisors: /os-hypervisors."""

from oslo_utils import strutils, uuidutils

from nova_lite.api.compute.paging import last, limit_and_marker
from nova_lite.api.compute.schemas import hosts as schema
from nova_lite.api.compute.views import hosts as view
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions, integers

_POLICY = "os_compute_api:os-hypervisors:"


class Hypervisors:
    def __init__(self, facades):
        self._hosts = facades.compute.hosts

    @validation.query(schema.HYPERVISOR_LIST)
    def index(self, req):
        """200; pages from 2.33, by name pattern from 2.53.  404: nothing matches the pattern."""
        req.context.can(_POLICY + "list")
        return self._list(req, "os-hypervisors", detail=False)

    @validation.query(schema.HYPERVISOR_LIST)
    def detail(self, req):
        req.context.can(_POLICY + "list-detail")
        return self._list(req, "os-hypervisors/detail", detail=True)

    def _list(self, req, collection, *, detail):
        pattern = last(req.query, "hypervisor_hostname_pattern")
        if pattern is not None:
            if "limit" in req.query or "marker" in req.query:
                raise exceptions.BadRequest("Paging over hypervisors with the hypervisor_hostname_pattern query "
                                           "parameter is not supported.")
            return {"hypervisors": self._shown(req, self._matching(req, pattern), detail, _with_servers(req))}
        limit, marker = _page(req)
        rows = self._hosts.hypervisors(req.context, limit=limit, marker=marker)
        answer = {"hypervisors": self._shown(req, rows, detail, _with_servers(req))}
        links = Links(req).following(req, collection, rows, limit,
                                     lambda row: row.uuid if req.at_least("2.53") else row.id)
        if links:
            answer["hypervisors_links"] = links
        return answer

    def _shown(self, req, rows, detail, with_servers):
        if not with_servers:
            return [view.hypervisor(req, row, detail=detail) for row in rows]
        servers = self._hosts.servers_of(req.context, [row.host for row in rows])
        return [view.hypervisor(req, row, detail=detail, servers=servers.get(row.host, [])) for row in rows]

    def _matching(self, req, pattern):
        rows = self._hosts.hypervisors(req.context, pattern=pattern)
        if not rows:
            raise exceptions.NotFound(f"No hypervisor matching '{pattern}' could be found.")
        return rows

    @validation.query(schema.HYPERVISOR_SHOW)
    def show(self, req, id):
        """200.  400: from 2.53, ``id`` is no uuid.  404: there is none."""
        req.context.can(_POLICY + "show")
        row = self._hosts.hypervisor(req.context, _id(req, id))
        return {"hypervisor": self._shown(req, [row], True, _with_servers(req))[0]}

    @validation.query(schema.ANY_QUERY)
    def uptime(self, req, id):
        """200, to 2.87.  501: its driver does not know."""
        req.context.can(_POLICY + "uptime")
        row = self._hosts.hypervisor(req.context, _id(req, id))
        if row.uptime is None:
            raise exceptions.NotImplementedHere("The requested functionality is not supported.")
        return {"hypervisor": {**view.hypervisor(req, row), "uptime": row.uptime}}

    @validation.query(schema.ANY_QUERY)
    def statistics(self, req):
        """200 and the sums over all, to 2.87."""
        req.context.can(_POLICY + "statistics")
        return view.statistics(self._hosts.hypervisors(req.context))

    @validation.query(schema.ANY_QUERY)
    def search(self, req, id):
        """200 and those whose name contains ``id``, to 2.52.  404: none."""
        req.context.can(_POLICY + "search")
        return {"hypervisors": self._shown(req, self._matching(req, id), False, False)}

    @validation.query(schema.ANY_QUERY)
    def servers(self, req, id):
        """As ``search``, with the servers on each."""
        req.context.can(_POLICY + "servers")
        return {"hypervisors": self._shown(req, self._matching(req, id), False, True)}


def _page(req):
    if not req.at_least("2.33"):
        return None, None
    limit, marker = limit_and_marker(req)
    if marker is not None and not req.at_least("2.53"):
        number = integers.row_id(marker)
        if number is None:
            raise exceptions.MarkerNotFound(marker=marker)
        marker = number
    return limit, marker


def _with_servers(req):
    return strutils.bool_from_string(last(req.query, "with_servers", False))


def _id(req, text):
    if req.at_least("2.53"):
        if not uuidutils.is_uuid_like(text):
            raise exceptions.BadRequest(f"Invalid uuid {text}")
        return text
    number = integers.row_id(text)
    if number is None:
        raise exceptions.HypervisorNotFound(hypervisor_id=text)
    return number
