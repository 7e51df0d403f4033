"""What was done to servers: /servers/{id}/os-instance-actions."""

from nova_lite.api.compute.paging import last, limit_and_marker
from nova_lite.api.compute.schemas import server_details as schema
from nova_lite.api.compute.server_filters import moment
from nova_lite.api.compute.views import instance_actions as view
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-instance-actions:"


class InstanceActions:
    """From 2.21 also those of deleted servers, until they are purged."""

    def __init__(self, facades):
        self._compute = facades.compute

    def _load(self, req, server_id, rule):
        server = self._compute.servers.get(req.context, server_id, deleted=req.at_least("2.21"))
        req.context.can(_POLICY + rule, server)
        return server

    @validation.query(schema.ACTIONS)
    def index(self, req, server_id):
        """200 and actions, newest first.  400: the marker is unknown, or the span ends before it begins."""
        server = self._load(req, server_id, "list")
        if not req.at_least("2.58"):
            rows = self._compute.instance_actions.list(req.context, server)
            return {"instanceActions": [view.action(req, row) for row in rows]}
        since, before = (_moment(req, name) for name in ("changes-since", "changes-before"))
        if since and before and before < since:
            raise exceptions.BadRequest("The value of changes-since must be less than or equal to changes-before.")
        limit, marker = limit_and_marker(req)
        rows = self._compute.instance_actions.list(req.context, server, since=since, before=before, limit=limit,
                                                   marker=marker)
        answer = {"instanceActions": [view.action(req, row) for row in rows]}
        links = Links(req).following(req, f"servers/{server_id}/os-instance-actions", rows, limit,
                                     lambda row: row.request_id)
        if links:
            answer["links"] = links
        return answer

    @validation.query(schema.NO_QUERY)
    def show(self, req, server_id, id):
        """200 and the action that request ``id`` began, with its events for those who may see them."""
        server = self._load(req, server_id, "show")
        row = self._compute.instance_actions.get(req.context, server, id)
        shown = view.action(req, row)
        events = view.EventView(req, server)
        if events.visible:
            shown["events"] = [events.show(step) for step in self._compute.instance_actions.events(req.context, row)]
        return {"instanceAction": shown}


def _moment(req, name):
    text = last(req.query, name)
    return moment(text) if text else None
