"""Events of other services that concern servers: /os-server-external-events."""

from nova_lite.api.compute.schemas import external_events as schema
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer


class ExternalEvents:
    def __init__(self, facades):
        self._events = facades.compute.external_events

    @validation.body(schema.CREATE)
    def create(self, req):
        """200 and the events with a code each; 207 when one failed: 400 it lacks its tag, 404, 422 it has no host.

        The code of each event says whether it was taken, whatever it reports.
        """
        req.context.can("os_compute_api:os-server-external-events:create")
        events = req.body_json["events"]
        codes = self._events.receive(req.context, [
            {"server_id": each["server_uuid"], "name": each["name"], "tag": each.get("tag"),
             "status": each.get("status", "completed")} for each in events])
        shown = [{**each, "status": "completed" if code == 200 else "failed", "code": code}
                 for each, code in zip(events, codes, strict=True)]
        return Answer({"events": shown}, 200 if set(codes) == {200} else 207)
