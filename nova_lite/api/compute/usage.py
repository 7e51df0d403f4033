"""What projects used: /os-simple-tenant-usage, and the log of what was counted: /os-instance_usage_audit_log."""

import datetime

from oslo_utils import timeutils

from nova_lite.api.compute.paging import limit_and_marker
from nova_lite.api.compute.schemas import usage as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views import usage as view
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL

_POLICY = "os_compute_api:os-simple-tenant-usage:"
_LOG = "os_compute_api:os-instance-usage-audit-log:"
_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f")
_LOG_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
_INSTANT = datetime.timedelta.resolution        # a month that ends with a moment is not over before it


class Usage:
    """Both methods page over servers from 2.40: a page may hold a part of a project's."""

    def __init__(self, facades):
        self._usage = facades.compute.usage

    @validation.query(schema.LIST)
    def index(self, req):
        """200 and the usage of every project.  400: the span ends before it begins, or no such marker."""
        req.context.can(_POLICY + "list")
        rows, span, links = self._page(req, "os-simple-tenant-usage", ALL)
        shown = {"tenant_usages": view.projects(rows, *span, detailed=_first(req, "detailed") == "1")}
        return shown | ({"tenant_usages_links": links} if links else {})

    @validation.query(schema.SHOW)
    def show(self, req, id):
        """200 and a project's usage with each server's; {} where it has none, or does not exist."""
        req.context.can(_POLICY + "show", {"project_id": id})
        rows, span, links = self._page(req, f"os-simple-tenant-usage/{id}", id)
        found = view.projects(rows, *span, detailed=True)
        shown = {"tenant_usage": found[0] if found else {}}
        return shown | ({"tenant_usage_links": links} if links else {})

    def _page(self, req, collection, project_id):
        now = timeutils.utcnow()
        start, stop = (_moment(_first(req, name)) or now for name in ("start", "end"))
        if start > stop or start == stop != now:
            raise exceptions.BadRequest("Invalid start time. The start time cannot occur after the end time.")
        span = start, min(stop, now), now
        limit, marker = limit_and_marker(req) if req.at_least("2.40") else (None, None)
        if limit == 0:
            return [], span, None
        rows = self._usage.servers(req.context, start, stop, project_id=project_id, limit=limit, marker=marker)
        return rows, span, Links(req).following(req, collection, rows, limit, lambda row: row.id)


def _first(req, name):
    """Given several times, the first one counts, unlike in other queries."""
    return req.query.get(name, [None])[0]


def _moment(text):
    if not text:
        return None
    found = _parsed(text, _FORMS)
    if found is None:
        raise exceptions.BadRequest("Invalid datetime string: Datetime is in invalid format")
    return found


def _parsed(text, forms):
    for form in forms:
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            continue
    return None


class AuditLog:
    """Nobody here counts usage into a log: each month is one that no host was asked about."""

    def __init__(self, facades):
        self._hosts = facades.compute.hosts

    @validation.query(NO_QUERY)
    def index(self, req):
        req.context.can(_LOG + "list")
        return {"instance_usage_audit_logs": self._month(req, timeutils.utcnow())}

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200 and the last whole month before ``id``, "2026-11-23 10:00:00".  400: that is no moment."""
        req.context.can(_LOG + "show")
        before = _parsed(id, _LOG_FORMS)
        if before is None or before.year == datetime.MINYEAR:
            raise exceptions.BadRequest(f"Invalid timestamp for date {id}")
        return {"instance_usage_audit_log": self._month(req, before)}

    def _month(self, req, before):
        end = (before - _INSTANT).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        start = (end - datetime.timedelta(days=1)).replace(day=1)
        hosts = [each.host for each in self._hosts.services(req.context, binary="nova-compute")]
        return {"period_beginning": str(start), "period_ending": str(end), "num_hosts": len(hosts),
                "num_hosts_done": 0, "num_hosts_running": 0, "num_hosts_not_run": len(hosts), "hosts_not_run": hosts,
                "total_instances": 0, "total_errors": 0,
                "overall_status": f"{f'0 of {len(hosts)}' if hosts else 'ALL'} hosts done. 0 errors.",
                "log": {}}
