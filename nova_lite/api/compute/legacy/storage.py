"""Volumes, snapshots and bare metal through the compute API, to 2.35.

There is no block storage service and no bare metal service behind this cloud: there are no volumes to list or show, and
none can be made.
"""

from nova_lite.api.compute.legacy import schemas as schema
from nova_lite.api.compute.schemas.types import OPEN_QUERY
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_VOLUMES, _SNAPSHOTS = "os_compute_api:os-volumes:", "os_compute_api:os-volumes:snapshots:"
_BAREMETAL = "os_compute_api:os-baremetal-nodes:"


class Volumes:
    def __init__(self, facades):
        pass

    @validation.query(schema.PAGE)
    def index(self, req):
        req.context.can(_VOLUMES + "list")
        return {"volumes": []}

    @validation.query(schema.PAGE)
    def detail(self, req):
        req.context.can(_VOLUMES + "detail")
        return {"volumes": []}

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can(_VOLUMES + "show")
        raise _no_volume(id)

    @validation.body(schema.VOLUME)
    def create(self, req):
        """503: nobody could make it."""
        req.context.can(_VOLUMES + "create")
        raise exceptions.Unavailable("This cloud has no block storage service.")

    def delete(self, req, id):
        req.context.can(_VOLUMES + "delete")
        raise _no_volume(id)


class Snapshots:
    def __init__(self, facades):
        pass

    @validation.query(schema.PAGE)
    def index(self, req):
        req.context.can(_SNAPSHOTS + "list")
        return {"snapshots": []}

    @validation.query(schema.PAGE)
    def detail(self, req):
        req.context.can(_SNAPSHOTS + "detail")
        return {"snapshots": []}

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can(_SNAPSHOTS + "show")
        raise _no_snapshot(id)

    @validation.body(schema.SNAPSHOT)
    def create(self, req):
        """404: there is no volume to make it of."""
        req.context.can(_SNAPSHOTS + "create")
        raise _no_volume(req.body_json["snapshot"]["volume_id"])

    def delete(self, req, id):
        req.context.can(_SNAPSHOTS + "delete")
        raise _no_snapshot(id)


def _no_volume(id):
    return exceptions.NotFound(f"Volume {id} could not be found.")


def _no_snapshot(id):
    return exceptions.NotFound(f"Snapshot {id} could not be found.")


class BareMetal:
    """Nodes could once be read through here; to change them was always somebody else's work."""

    def __init__(self, facades):
        pass

    @validation.query(OPEN_QUERY)
    def index(self, req):
        """501: there is no bare metal service."""
        req.context.can(_BAREMETAL + "list")
        raise _no_service()

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        req.context.can(_BAREMETAL + "show")
        raise _no_service()

    @validation.body(schema.WHATEVER)
    def create(self, req):
        raise _elsewhere("node-create")

    def delete(self, req, id):
        raise _elsewhere("node-delete")

    @validation.body(schema.WHATEVER)
    def add_interface(self, req, id):
        raise _elsewhere("port-create")

    @validation.body(schema.WHATEVER)
    def remove_interface(self, req, id):
        raise _elsewhere("port-delete")


def _no_service():
    return exceptions.NotImplementedHere("Ironic client unavailable, cannot access Ironic.")


def _elsewhere(command):
    return exceptions.BadRequest(f"Command not supported. Please use Ironic command {command} to perform this action.")
