"""Quota classes: /os-quota-class-sets; those of the class "default" hold for all who have no quotas of their own."""

from nova_lite.api.compute.schemas import quotas as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views import quotas as view
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-quota-class-sets:"
_LONGEST = 255


class QuotaClasses:
    def __init__(self, facades):
        self._limits = facades.compute.limits

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200, whatever ``id`` is: a class that nobody set is as configured."""
        req.context.can(_POLICY + "show", {"quota_class": id})
        return view.quota_class(req, self._limits.of_class(req.context, id), id)

    @validation.body(schema.UPDATE_CLASS)
    def update(self, req, id):
        """200 and all limits of the class.  400: its name is too long."""
        req.context.can(_POLICY + "update", {"quota_class": id})
        if len(id) > _LONGEST:
            raise exceptions.BadRequest(f"quota_class_name has {len(id)} characters, more than {_LONGEST}.")
        values = {name: int(limit) for name, limit in req.body_json["quota_class_set"].items()}
        return view.quota_class(req, self._limits.write_class(req.context, id, values))
