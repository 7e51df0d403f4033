"""Networks, floating IPs and security groups through the compute API, to 2.35."""

from nova_lite.api.compute.paging import limit_and_offset
from nova_lite.api.compute.schemas import proxies as schema
from nova_lite.api.compute.schemas.types import OPEN_QUERY
from nova_lite.api.compute.views import proxies as view
from nova_lite.api.wsgi import validation
from nova_lite.common import exception
from nova_lite.network.listing import Ask, one

_IPS, _GROUPS = "os_compute_api:os-floating-ips:", "os_compute_api:os-security-groups:"


class Networks:
    """Those of the caller's project and the shared ones.  404: no such network."""

    def __init__(self, doors):
        self._networks = doors.network.networks

    @validation.query(OPEN_QUERY)
    def index(self, req):
        req.context.can("os_compute_api:os-networks:list")
        return {"networks": [view.network(req, row) for row in self._list(req)]}

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can("os_compute_api:os-networks:show")
        return {"network": view.network(req, self._get(req, id))}

    @validation.query(OPEN_QUERY)
    def tenant_index(self, req):
        req.context.can("os_compute_api:os-tenant-networks:list")
        return {"networks": [view.tenant_network(row) for row in self._list(req)]}

    @validation.query(OPEN_QUERY)
    def tenant_show(self, req, id):
        req.context.can("os_compute_api:os-tenant-networks:show")
        return {"network": view.tenant_network(self._get(req, id))}

    def _list(self, req):
        rows = self._networks.list(req.context, Ask())
        return [row for row in rows if row["shared"] or row["project_id"] == req.context.project_id]

    def _get(self, req, id):
        found = self._networks.list(req.context, one(id))
        if not found:
            raise exception.NotFound("Network not found")
        return found[0]


class FloatingIps:
    """The network service has no floating IPs, and so no pools to take them from."""

    def __init__(self, doors):
        self._compute = doors.compute

    @validation.query(OPEN_QUERY)
    def index(self, req):
        req.context.can(_IPS + "list")
        return {"floating_ips": []}

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can(_IPS + "show")
        raise _no_ip(id)

    @validation.body(schema.FLOATING_IP)
    def create(self, req):
        """404: no such pool."""
        req.context.can(_IPS + "create")
        raise exception.NotFound("Floating IP pool not found.")

    def delete(self, req, id):
        req.context.can(_IPS + "delete")
        raise _no_ip(id)

    @validation.query(OPEN_QUERY)
    def pools(self, req):
        req.context.can("os_compute_api:os-floating-ip-pools")
        return {"floating_ip_pools": []}

    @validation.body(schema.FLOATING_ADD)
    def add(self, req, id):
        """To 2.43.  400: the server has no address yet.  404: no such floating IP."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_IPS + "add", server)
        if not server.addresses:
            raise exception.BadRequest("Instance network is not ready yet")
        raise exception.NotFound("floating IP not found")

    @validation.body(schema.FLOATING_REMOVE)
    def remove(self, req, id):
        """To 2.43.  404: no such floating IP."""
        req.context.can(_IPS + "remove", self._compute.servers.get(req.context, id))
        address = req.body_json["removeFloatingIp"]["address"]
        raise exception.NotFound(f"Floating IP not found for address {address}.")


def _no_ip(id):
    return exception.NotFound(f"Floating IP not found for ID {id}")


class Groups:
    """Security groups with the rules that let something in; what may leave was never shown.  404: no such group."""

    def __init__(self, doors):
        self._groups = doors.compute.group_proxy

    @validation.query(schema.GROUPS)
    def index(self, req):
        req.context.can(_GROUPS + "get")
        rows = self._groups.list(req.context, everybody="all_tenants" in req.query and req.context.is_admin)
        limit, offset = limit_and_offset(req)
        rows = rows[offset:offset + limit]
        others = self._groups.names(req.context, rows)
        return {"security_groups": [view.group(row, others) for row in rows]}

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can(_GROUPS + "show")
        return self._shown(req, self._groups.get(req.context, id))

    @validation.body(schema.GROUP)
    def create(self, req):
        """200.  403: there are as many as allowed."""
        req.context.can(_GROUPS + "create")
        req.context.need_project(_GROUPS + "create")
        return self._shown(req, self._groups.create(req.context, *_words(req)))

    @validation.body(schema.GROUP)
    def update(self, req, id):
        req.context.can(_GROUPS + "update")
        group = self._groups.get(req.context, id)
        return self._shown(req, self._groups.update(req.context, group, *_words(req)))

    def delete(self, req, id):
        """202.  400: a server is in it."""
        req.context.can(_GROUPS + "delete")
        self._groups.delete(req.context, self._groups.get(req.context, id))
        return 202

    @validation.body(schema.RULE)
    def create_rule(self, req):
        """200.  400: it does not say enough, or nothing new."""
        req.context.can(_GROUPS + "rule:create")
        asked = req.body_json["security_group_rule"]
        group = self._groups.get(req.context, asked["parent_group_id"])
        made = self._groups.add_rule(req.context, group, asked)
        return {"security_group_rule": view.rule(made, self._groups.names(req.context, [{"rules": [made]}]))}

    def delete_rule(self, req, id):
        req.context.can(_GROUPS + "rule:delete")
        self._groups.delete_rule(req.context, self._groups.rule(req.context, id))
        return 202

    def _shown(self, req, group):
        return {"security_group": view.group(group, self._groups.names(req.context, [group]))}


def _words(req):
    asked = req.body_json["security_group"]
    return asked["name"], asked["description"]
