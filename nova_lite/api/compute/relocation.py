"""Servers on other hosts: the actions migrate, os-migrateLive and evacuate."""

from oslo_utils import strutils

from nova_lite.api.compute.create_request import new_password
from nova_lite.api.compute.schemas import relocation as schema
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.conf import CONF

_POLICY = "os_compute_api:os-migrate-server:"


class Relocation:
    """404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.MIGRATE)
    def migrate(self, req, id):
        """202.  400: no such host, or it is there already."""
        server = self._compute.servers.get(req.context, id)
        host = (req.body_json["migrate"] or {}).get("host") if req.at_least("2.56") else None
        req.context.can(_POLICY + ("migrate:host" if host else "migrate"), server)
        self._compute.relocation.migrate(req.context, server, host)
        return 202

    @validation.body(schema.MIGRATE_LIVE)
    def migrate_live(self, req, id):
        """202.  400: no such host; before 2.34 also where none fits."""
        server = self._compute.servers.get(req.context, id)
        asked = req.body_json["os-migrateLive"]
        req.context.can(_POLICY + ("migrate_live:host" if asked["host"] else "migrate_live"), server)
        _check_force(asked)
        self._compute.relocation.migrate_live(req.context, server, asked["host"], waits=not req.at_least("2.34"))
        return 202

    @validation.body(schema.EVACUATE)
    def evacuate(self, req, id):
        """200; before 2.14 with the new password.  400: its host lives.  404: no such host."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-evacuate", server)
        asked = req.body_json["evacuate"]
        _check_force(asked)
        password = _password(req, asked)
        self._compute.relocation.evacuate(req.context, server, asked.get("host"))
        if req.at_least("2.14"):
            return 200
        return {"adminPass": password} if CONF.compute_api.enable_instance_password else {}


def _check_force(asked):
    if strutils.bool_from_string(asked.get("force", False)) and not asked.get("host"):
        raise exceptions.BadRequest("Can't force to a non-provided destination")


def _password(req, asked):
    """The new password; None where the disk is shared and keeps the one it has."""
    if not req.at_least("2.14") and strutils.bool_from_string(asked["onSharedStorage"]):
        if asked.get("adminPass") is not None:
            raise exceptions.BadRequest("admin password can't be changed on existing disk")
        return None
    return asked.get("adminPass") or new_password()
