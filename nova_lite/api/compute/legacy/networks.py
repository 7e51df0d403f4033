"""Networks, floating IPs and security groups through the compute API, to 2.35."""

from nova_lite.api.compute.legacy import schemas as schema
from nova_lite.api.compute.legacy import views as view
from nova_lite.api.compute.paging import limit_and_offset
from nova_lite.api.compute.schemas.types import OPEN_QUERY
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.network.listing import Ask, one

_IPS, _GROUPS = "os_compute_api:os-floating-ips:", "os_compute_api:os-security-groups:"


class Networks:
    """Those of the caller's project and the shared ones.  404: no such network."""

    def __init__(self, facades):
        self._networks = facades.network.networks

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
        return [row for row in rows if row["shared"] or row["project_id"] == req.context.own_project]

    def _get(self, req, id):
        found = self._networks.list(req.context, one(id))
        if not found:
            raise exceptions.NotFound("Network not found")
        return found[0]


class FloatingIps:
    """Those of the caller's project."""

    def __init__(self, facades):
        self._compute = facades.compute
        self._ips = facades.compute.floating_proxy

    @validation.query(OPEN_QUERY)
    def index(self, req):
        req.context.can(_IPS + "list")
        return {"floating_ips": [view.floating_ip(each) for each in self._ips.list(req.context)]}

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can(_IPS + "show")
        return {"floating_ip": view.floating_ip(self._get(req, id))}

    @validation.body(schema.FLOATING_IP)
    def create(self, req):
        """200.  403: the quota is used up.  404: no such pool, or no address left in it."""
        req.context.can(_IPS + "create")
        req.context.need_project(_IPS + "create")
        made = self._ips.create(req.context, (req.body_json or {}).get("pool"))
        return {"floating_ip": view.floating_ip(made)}

    def delete(self, req, id):
        """202; the server that has it loses it."""
        req.context.can(_IPS + "delete")
        self._ips.delete(req.context, self._get(req, id))
        return 202

    @validation.query(OPEN_QUERY)
    def pools(self, req):
        req.context.can("os_compute_api:os-floating-ip-pools")
        return {"floating_ip_pools": [{"name": each} for each in self._ips.pools(req.context)]}

    @validation.body(schema.FLOATING_ADD)
    def add(self, req, id):
        """To 2.43; 202.  400: the server has no such address, or no router reaches it.  404: no such floating IP."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_IPS + "add", server)
        said = req.body_json["addFloatingIp"]
        self._ips.add(req.context, server, said["address"], _fixed(server, said.get("fixed_address")))
        return 202

    @validation.body(schema.FLOATING_REMOVE)
    def remove(self, req, id):
        """To 2.43; 202.  404: no such floating IP.  409: it is not the server's."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_IPS + "remove", server)
        self._ips.remove(req.context, server, req.body_json["removeFloatingIp"]["address"])
        return 202

    def _get(self, req, id):
        found = self._ips.list(req.context, id=id)
        if not found:
            raise exceptions.NotFound(f"Floating IP not found for ID {id}")
        return found[0]


def _fixed(server, wanted):
    """The address of a server that a floating IP is to stand for: the wanted one, or the first.

    :raises BadRequest: it has no such address.
    """
    fixed = [each["addr"] for each in server.addresses or () if each["type"] == "fixed" and each["version"] == 4]
    if not fixed:
        raise exceptions.BadRequest("Instance network is not ready yet")
    if wanted is not None and wanted not in fixed:
        raise exceptions.BadRequest("Specified fixed address not assigned to instance")
    return wanted or fixed[0]


class Groups:
    """Security groups with the rules that let something in; what may leave was never shown.  404: no such group."""

    def __init__(self, facades):
        self._groups = facades.compute.group_proxy

    @validation.query(schema.GROUPS)
    def index(self, req):
        req.context.can(_GROUPS + "get")
        project_id = req.context.visible_project if "all_tenants" in req.query else req.context.own_project
        rows = self._groups.list(req.context, project_id)
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
