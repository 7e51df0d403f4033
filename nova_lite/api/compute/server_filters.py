"""Query strings of server lists, made into filters: what a caller may filter by, with the values parsed."""

from oslo_utils import strutils, timeutils

from nova_lite.api.compute.paging import last
from nova_lite.api.compute.schemas.server_list import JOINED, TAG_FILTERS
from nova_lite.api.compute.schemas.types import MAX_TAGS
from nova_lite.common import exceptions
from nova_lite.objects import states

#: Filters open to everybody, by the microversion that opened them.
_OPEN = {
    "2.1": ("reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"),
    "2.5": ("ip6",), "2.26": TAG_FILTERS, "2.66": ("changes-before",), "2.73": ("locked",),
    "2.83": ("availability_zone", "config_drive", "key_name", "created_at", "launched_at", "terminated_at",
             "power_state", "task_state", "vm_state", "progress", "user_id"),
    "2.90": ("hostname",)}
_PAGING = frozenset({"limit", "marker", "sort_key", "sort_dir"})
_ALIASES = {"image_ref": "image", "display_name": "name", "display_description": "description"}
_FLAGS = ("config_drive", "auto_disk_config")


class Filters:
    """What one list request asks for.

    :ivar values: for ``compute.servers.list``; None where nothing can match.
    :ivar all_projects: whether every project's servers are wanted (which another rule must allow).
    """

    def __init__(self, req):
        asked = _permitted(req)
        for name in asked:
            if name in JOINED or name.startswith("_"):
                raise exceptions.BadRequest(f"Invalid filter field: {name}.")
        self.all_projects = _all_projects(asked)
        self.values = _parsed(req, asked)

    def scope(self, context):
        """Bind the filters to what ``context`` may see: its own project, or with ``all_projects`` every one."""
        project = self.values.pop("tenant_id", None)
        if self.all_projects:
            if project is not None:
                self.values["project_id"] = project
        else:
            self.values["project_id"] = context.own_project
        return self.values


def _permitted(req):
    """{name: last value} of what the caller may filter by; the rest is ignored, as it always was."""
    query = req.query
    if req.context.may("os_compute_api:servers:allow_all_filters"):
        return {name: values[-1] for name, values in query.items() if name not in _PAGING}
    names = {name for version, opened in _OPEN.items() if req.at_least(version) for name in opened}
    return {name: values[-1] for name, values in query.items() if name in names}


def _all_projects(asked):
    if "all_tenants" not in asked:
        return False
    value = asked.pop("all_tenants")
    return _bool(value) if value else True


def _bool(text):
    try:
        return strutils.bool_from_string(text, strict=True)
    except ValueError as error:
        raise exceptions.BadRequest(str(error)) from error


def _parsed(req, asked):
    filters = {_ALIASES.get(name, name): value for name, value in asked.items() if name != "soft_deleted"}
    filters.pop("status", None)
    for name in ("changes-since", "changes-before"):
        if name in filters:
            filters[name] = moment(filters[name])
    _check_span(filters)
    for name in TAG_FILTERS:
        if name in filters:
            filters[name] = _tags(filters[name])
    for name in _FLAGS:
        if name in filters:
            filters[name] = strutils.bool_from_string(filters[name])
    if "locked" in filters:
        filters["locked"] = _bool(filters["locked"])
    if "deleted" in filters:
        filters["deleted"] = strutils.bool_from_string(filters["deleted"])
    elif "changes-since" not in filters and "changes-before" not in filters:
        filters["deleted"] = False
    return _with_status(req, filters)


def _tags(text):
    """:raises BadRequest: they are more than a server can have."""
    found = list(dict.fromkeys(text.split(",")))
    if len(found) > MAX_TAGS:
        raise exceptions.BadRequest(f"A filter may name {MAX_TAGS} tags at most.")
    return found


def moment(text):
    """A naive UTC datetime of ISO 8601 text that a schema has accepted."""
    return timeutils.normalize_time(timeutils.parse_isotime(text))


def _check_span(filters):
    since, before = filters.get("changes-since"), filters.get("changes-before")
    if since and before and before < since:
        raise exceptions.BadRequest("The value of changes-since must be less than or equal to changes-before.")


def _with_status(req, filters):
    """Statuses are vm_states, some distinguished by the task_state; deleted servers are for administrators."""
    if last(req.query, "status") is not None:
        pairs = [pair for each in req.query["status"] for pair in states.vm_states_of(each)]
        if not pairs:
            if req.at_least("2.38"):
                raise exceptions.BadRequest("Invalid status value")
            return None
        filters["vm_state"] = sorted({vm for vm, _ in pairs})
        tasks = {task for _, task in pairs}
        if None not in tasks:
            filters["task_state"] = sorted(tasks)
    if filters.get("vm_state") == [states.Vm.DELETED]:
        if not req.context.is_admin:
            raise exceptions.Forbidden("Only administrators may list deleted instances")
        filters["deleted"] = True
    return filters
