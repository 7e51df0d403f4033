"""What other services tell of servers: /os-server-external-events."""

from nova_lite.api.compute.schemas import external_events as schema
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer


class ExternalEvents:
    def __init__(self, doors):
        self._events = doors.compute.external_events

    @validation.body(schema.CREATE)
    def create(self, req):
        """200 and the events with a code each; 207 when one failed: 400 it lacks its tag, 404, 422 it has no host."""
        req.context.can("os_compute_api:os-server-external-events:create")
        events = [{**each, "status": each.get("status", "completed")} for each in req.body_json["events"]]
        codes = self._events.receive(req.context, [
            {"server_id": each["server_uuid"], "name": each["name"], "tag": each.get("tag"), "status": each["status"]}
            for each in events])
        for each, code in zip(events, codes, strict=True):
            each["code"] = code
            if code != 200:
                each["status"] = "failed"
        return Answer({"events": events}, 200 if set(codes) == {200} else 207)
