"""The cloud's services, and the zones their hosts are in: /os-services, /os-availability-zone."""

from oslo_utils import strutils, uuidutils

from nova_lite.api.compute.paging import last
from nova_lite.api.compute.schemas import hosts as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views import hosts as view
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions, integers

_POLICY = "os_compute_api:os-services:"
_ZONES = "os_compute_api:os-availability-zone:"
#: Services of Nova's that it does not list either.
UNLISTED = frozenset({"nova-osapi_compute", "nova-metadata", "nova-api"})


class Services:
    def __init__(self, facades):
        self._hosts = facades.compute.hosts

    @validation.query(schema.SERVICE_LIST)
    def index(self, req):
        req.context.can(_POLICY + "list")
        rows = self._hosts.services(req.context, host=last(req.query, "host") or None,
                                    binary=last(req.query, "binary") or None)
        return {"services": [view.service(req, row) for row in rows if row.binary not in UNLISTED]}

    @validation.body(schema.SERVICE_UPDATE)
    def update(self, req, id):
        """200.  From 2.53 ``id`` is a service's uuid; before, what to do, with host and binary in the body."""
        req.context.can(_POLICY + "update")
        if not req.at_least("2.53"):
            return self._do(req, id)
        service = self._hosts.service(req.context, _uuid(id))
        row = self._hosts.update_service(req.context, service, _changes(req.body_json))
        return {"service": view.service(req, row)}

    def _do(self, req, verb):
        body = req.body_json
        values, shown = _by_verb(verb, body, forcing=req.at_least("2.11"))
        service = self._hosts.service_of(req.context, body["host"], body["binary"])
        self._hosts.update_service(req.context, service, values)
        return {"service": {"host": body["host"], "binary": body["binary"], **shown}}

    def delete(self, req, id):
        """204.  400: no id.  404: no such service.  409: servers are on its host."""
        req.context.can(_POLICY + "delete")
        if req.at_least("2.53"):
            self._hosts.delete_service(req.context, _uuid(id))
        else:
            self._hosts.delete_service(req.context, _number(id))
        return 204


def _number(text):
    if not text.isdigit():
        raise exceptions.BadRequest("Invalid input received: id must be an integer")
    number = integers.row_id(text)
    if number is None:
        raise exceptions.NotFound(f"Service {text} not found.")
    return number


class Zones:
    def __init__(self, facades):
        self._hosts = facades.compute.hosts

    @validation.query(NO_QUERY)
    def index(self, req):
        req.context.can(_ZONES + "list")
        return view.zones(self._services(req))

    @validation.query(NO_QUERY)
    def detail(self, req):
        """As ``index``, with hosts and the zone of what is no compute host."""
        req.context.can(_ZONES + "detail")
        return view.zones(self._services(req), detail=True)

    def _services(self, req):
        return [row for row in self._hosts.services(req.context) if row.binary not in UNLISTED]


def _uuid(text):
    if not uuidutils.is_uuid_like(text):
        raise exceptions.BadRequest(f"Invalid uuid {text}")
    return text


def _changes(body):
    """Columns to change, of a body as from 2.53."""
    values, status, reason = {}, body.get("status"), body.get("disabled_reason")
    if status == "enabled" and reason:
        raise exceptions.BadRequest("Specifying 'disabled_reason' with status 'enabled' is invalid.")
    if status:
        values = {"disabled": status == "disabled", "disabled_reason": reason}
    if "forced_down" in body:
        values["forced_down"] = strutils.bool_from_string(body["forced_down"])
    if not values:
        raise exceptions.BadRequest("No updates were requested. Fields 'status' or 'forced_down' should be specified.")
    return values


def _by_verb(verb, body, *, forcing):
    """(columns to change, what the answer adds) of a request as before 2.53."""
    reason = body.get("disabled_reason")
    if verb == "enable":
        return {"disabled": False, "disabled_reason": None}, {"status": "enabled"}
    if verb == "disable":
        return {"disabled": True, "disabled_reason": None}, {"status": "disabled"}
    if verb == "disable-log-reason":
        if reason is None:
            raise exceptions.BadRequest("Missing disabled reason field")
        return ({"disabled": True, "disabled_reason": reason}, {"status": "disabled", "disabled_reason": reason})
    if verb == "force-down" and forcing:
        if "forced_down" not in body:
            raise exceptions.BadRequest("Missing forced_down field")
        forced = strutils.bool_from_string(body["forced_down"])
        return {"forced_down": forced}, {"forced_down": forced}
    raise exceptions.NotFound("Unknown action")
