"""What was done to a server, as os-instance-actions shows it: operations and their journalled steps."""

from nova_lite.api.compute.views.servers import host_id
from nova_lite.objects import decision, states

#: Steps that the conductor does itself.
_CONDUCTORS = frozenset({"schedule", "migrate_server", "live_migrate_instance"})


def action(req, row):
    """One operation, under the name that Nova knows it by."""
    shown = {"action": states.action(row.name), "instance_uuid": row.resource_id, "request_id": row.request_id,
             "user_id": row.user_id, "project_id": row.project_id, "start_time": _moment(row.created_at),
             "message": row.message}
    if req.at_least("2.58"):
        shown["updated_at"] = _moment(row.finished_at or row.updated_at)
    return shown


class EventView:
    """Events of an action as one request may see them.  ``visible`` says whether it may at all."""

    def __init__(self, req, server):
        may = req.context.may
        self._all = may("os_compute_api:os-instance-actions:events", server)
        self.visible = self._all or req.at_least("2.51")
        self._hosts = req.at_least("2.62")
        self._details = req.at_least("2.84") and may("os_compute_api:os-instance-actions:events:details", server)
        self._project_id = server.project_id

    def show(self, step):
        shown = {"event": _event(step), "start_time": _moment(step.started_at),
                 "finish_time": _moment(step.finished_at), "result": step.outcome}
        if self._all:
            shown["traceback"] = step.traceback or step.detail
            if self._hosts:
                shown["host"] = step.host
        if self._hosts:
            shown["hostId"] = host_id(self._project_id, step.host)
        if self._details:
            decided = step.decision and decision.text(step.decision)
            shown["details"] = "\n".join(filter(None, (step.detail, decided))) or None
        return shown


def _event(step):
    return f"{'conductor' if step.name in _CONDUCTORS or step.host is None else 'compute'}_{step.name}"


def _moment(value):
    return value and value.isoformat(timespec="microseconds")
