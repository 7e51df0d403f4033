"""Hosts as they were listed before 2.43: /os-hosts."""

from nova_lite.api.compute.paging import last
from nova_lite.api.compute.schemas import hosts as schema
from nova_lite.api.compute.services import UNLISTED
from nova_lite.api.compute.views import hosts as view
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-hosts:"


class Hosts:
    """Each method but ``index`` answers 404 where there is no such host."""

    def __init__(self, facades):
        self._hosts = facades.compute.hosts

    @validation.query(schema.HOST_LIST)
    def index(self, req):
        """200 and every service in use with its host; of one zone where ``zone`` says so."""
        req.context.can(_POLICY + "list")
        zone = last(req.query, "zone") or None
        rows = [row for row in self._hosts.services(req.context) if row.binary not in UNLISTED and not row.disabled]
        return {"hosts": [{"host_name": row.host, "service": row.topic, "zone": view.zone(row)} for row in rows
                          if zone in (None, view.zone(row))]}

    @validation.query(schema.ANY_QUERY)
    def show(self, req, id):
        """200 and what the host has, gives away, and gives to each project."""
        req.context.can(_POLICY + "show")
        self._check(req, id)
        node, projects = self._hosts.shares(req.context, id)
        return {"host": view.shares(node, projects)}

    @validation.body(schema.HOST_UPDATE)
    def update(self, req, id):
        """200.  501: nothing here puts a host into maintenance."""
        req.context.can(_POLICY + "update")
        asked = req.body_json
        service = self._check(req, id)
        if "maintenance_mode" in asked:
            raise _unsupported()
        enabled = asked["status"].lower() == "enable"
        self._hosts.update_service(req.context, service, {"disabled": not enabled, "disabled_reason": None})
        return {"host": id, "status": "enabled" if enabled else "disabled"}

    @validation.query(schema.ANY_QUERY)
    def reboot(self, req, id):
        """501: this API does not reach the hosts' power, as it does not with Nova on libvirt."""
        return self._power(req, id, "reboot")

    @validation.query(schema.ANY_QUERY)
    def shutdown(self, req, id):
        return self._power(req, id, "shutdown")

    @validation.query(schema.ANY_QUERY)
    def startup(self, req, id):
        return self._power(req, id, "start")

    def _power(self, req, id, rule):
        req.context.can(_POLICY + rule)
        self._check(req, id)
        raise _unsupported()

    def _check(self, req, host):
        return self._hosts.service_of(req.context, host, "nova-compute")


def _unsupported():
    return exceptions.NotImplementedHere("The requested functionality is not supported.")
