"""Snapshots that a volume service asks the hypervisor's help for: /os-assisted-volume-snapshots.

No server here has a volume, so each request names one that is not attached.
"""

import json

from nova_lite.api.compute.paging import last
from nova_lite.api.compute.schemas import volumes as schema
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-assisted-volume-snapshots:"


class AssistedSnapshots:
    def __init__(self, facades):
        pass

    @validation.body(schema.ASSISTED_CREATE)
    def create(self, req):
        """400: no server has that volume."""
        req.context.can(_POLICY + "create")
        raise _not_attached(req.body_json["snapshot"]["volume_id"])

    @validation.query(schema.ASSISTED_DELETE)
    def delete(self, req, id):
        """400: no server has the volume that ``delete_info``, a JSON text in the query, names."""
        req.context.can(_POLICY + "delete")
        text = last(req.query, "delete_info")
        if text is None:
            raise exceptions.BadRequest("'delete_info'")
        info = _parse(text)
        if not isinstance(info, dict) or "volume_id" not in info:
            raise exceptions.BadRequest("'volume_id'")
        raise _not_attached(info["volume_id"])


def _parse(text):
    try:
        return json.loads(text)             # not orjson: what it says of wrong text is shown
    except (ValueError, RecursionError) as error:
        raise exceptions.BadRequest(str(error)) from error


def _not_attached(volume_id):
    return exceptions.BadRequest(f"No volume Block Device Mapping with id {volume_id}.")
