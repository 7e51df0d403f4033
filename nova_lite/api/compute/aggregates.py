"""Host aggregates: /os-aggregates."""

import re

from nova_lite.api.compute.schemas import aggregates as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views.aggregates import aggregate
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions, integers

_POLICY = "os_compute_api:os-aggregates:"


class Aggregates:
    """Each method answers 404 where there is no such aggregate, and 400 where its id is no number."""

    def __init__(self, facades):
        self._aggregates = facades.compute.aggregates

    @validation.query(NO_QUERY)
    def index(self, req):
        req.context.can(_POLICY + "index")
        rows, hosts = self._aggregates.list(req.context)
        return {"aggregates": [aggregate(req, row, hosts.get(row.id, [])) for row in rows]}

    @validation.query(NO_QUERY)
    def show(self, req, id):
        req.context.can(_POLICY + "show")
        return _shown(req, self._aggregates.get(req.context, _number(id)))

    @validation.body(schema.CREATE)
    def create(self, req):
        """200 and the aggregate without hosts and metadata.  409: the name is taken."""
        req.context.can(_POLICY + "create")
        asked = req.body_json["aggregate"]
        row, _ = self._aggregates.create(req.context, asked["name"], asked.get("availability_zone"))
        return {"aggregate": aggregate(req, row)}

    @validation.body(schema.UPDATE)
    def update(self, req, id):
        """200.  400: the zone cannot change.  409: the name is taken."""
        req.context.can(_POLICY + "update")
        asked, id = req.body_json["aggregate"], _number(id)
        name = asked["name"].strip() if "name" in asked else None
        if "availability_zone" in asked:
            made = self._aggregates.set_zone(req.context, id, asked["availability_zone"], name)
        else:
            made = self._aggregates.update(req.context, id, name=name)
        return _shown(req, made)

    def delete(self, req, id):
        """200.  400: hosts are in it."""
        req.context.can(_POLICY + "delete")
        self._aggregates.delete(req.context, _number(id))
        return 200

    @validation.body(schema.ADD_HOST)
    def add_host(self, req, id):
        """200.  404: no such host.  409: it is in it, or would be in two zones."""
        req.context.can(_POLICY + "add_host")
        return _shown(req, self._aggregates.add_host(req.context, _number(id), req.body_json["add_host"]["host"]))

    @validation.body(schema.REMOVE_HOST)
    def remove_host(self, req, id):
        """200.  404: the host is not in it.  409: its servers would change their zone."""
        req.context.can(_POLICY + "remove_host")
        return _shown(req, self._aggregates.remove_host(req.context, _number(id),
                                                        req.body_json["remove_host"]["host"]))

    @validation.body(schema.SET_METADATA)
    def set_metadata(self, req, id):
        """200; an item that is null goes, the others stay.  400: the zone cannot change."""
        req.context.can(_POLICY + "set_metadata")
        items = req.body_json["set_metadata"]["metadata"]
        return _shown(req, self._aggregates.update(req.context, _number(id), metadata=items))

    @validation.body(schema.IMAGES)
    def images(self, req, id):
        """202 and the hosts get these images ahead of servers (from 2.81).  400: one cannot be used."""
        req.context.can("compute:aggregates:images")
        id, ids = _number(id), [each["id"] for each in req.body_json["cache"]]
        if len(set(ids)) < len(ids):
            raise exceptions.BadRequest("Duplicate images in request")
        self._aggregates.cache_images(req.context, id, ids)
        return 202


def _shown(req, found):
    row, hosts = found
    return {"aggregate": aggregate(req, row, hosts)}


def _number(text):
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise exceptions.BadRequest("Invalid input received: id must be an integer")
    number = integers.row_id(text)
    if number is None:
        raise exceptions.AggregateNotFound(aggregate_id=text)
    return number
