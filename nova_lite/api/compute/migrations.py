"""Migrations: /os-migrations, and those of one server that are under way: /servers/{id}/migrations."""

from nova_lite.api.compute.paging import last, limit_and_marker
from nova_lite.api.compute.schemas import migrations as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.server_filters import moment
from nova_lite.api.compute.views import migrations as view
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-migrations:index"
_SERVERS = "os_compute_api:servers:migrations:"
#: What a request calls a filter, and what the database does.
_FILTERS = {"host": "host", "instance_uuid": "server_id", "source_compute": "source_host", "status": "status",
            "migration_type": "kind", "user_id": "user_id", "project_id": "project_id"}


class Migrations:
    def __init__(self, facades):
        self._migrations = facades.compute.migrations

    @validation.query(schema.LIST)
    def index(self, req):
        """200, newest first; pages from 2.59.  400: no such marker.  403: not the caller's project alone."""
        req.context.can(_POLICY)
        filters = _filters(req)
        if not filters.get("project_id") or filters["project_id"] != req.context.project_id:
            req.context.can(_POLICY + ":all_projects")
        limit, marker = limit_and_marker(req) if req.at_least("2.59") else (None, None)
        rows = [] if limit == 0 else self._migrations.list(req.context, filters, limit=limit, marker=marker)
        links, hosts = Links(req), req.context.may(_POLICY + ":host")
        answer = {"migrations": [view.migration(req, row, links, hosts=hosts) for row in rows]}
        following = links.following(req, "os-migrations", rows, limit, lambda row: row.uuid)
        return answer | ({"migrations_links": following} if following else {})


class ServerMigrations:
    """Each method answers 404 where there is no such server."""

    def __init__(self, facades):
        self._compute = facades.compute

    def _load(self, req, server_id, rule):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_SERVERS + rule, server)
        return server

    @validation.query(NO_QUERY)
    def index(self, req, server_id):
        server = self._load(req, server_id, "index")
        hosts = req.context.may(_SERVERS + "index:host", server)
        rows = self._compute.migrations.of_server(req.context, server)
        return {"migrations": [view.of_server(req, row, hosts=hosts) for row in rows]}

    @validation.query(NO_QUERY)
    def show(self, req, server_id, id):
        """200.  404: no such live migration of it is under way."""
        server = self._load(req, server_id, "show")
        return {"migration": view.of_server(req, self._compute.migrations.get(req.context, server, id), hosts=True)}

    def delete(self, req, server_id, id):
        """409: the server does not migrate."""
        self._compute.migrations.steer(req.context, self._load(req, server_id, "delete"), "abort live migration")
        return 202

    @validation.body(schema.FORCE_COMPLETE)
    def force_complete(self, req, server_id, id):
        self._compute.migrations.steer(req.context, self._load(req, server_id, "force_complete"), "force_complete")
        return 202


def _filters(req):
    found = {name: last(req.query, word) for word, name in _FILTERS.items() if word in req.query}
    for word, name in (("changes-since", "since"), ("changes-before", "before")):
        if word in req.query:
            found[name] = moment(last(req.query, word))
    if "before" in found and "since" in found and found["before"] < found["since"]:
        raise exceptions.BadRequest("The value of changes-since must be less than or equal to changes-before.")
    return found
