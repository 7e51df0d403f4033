"""Extensions: /extensions, by which clients of long ago learned what an API can do."""

from nova_lite.api.compute.extension_names import EXTENSIONS
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions


class Extensions:
    def __init__(self, facades):
        pass

    @validation.query(NO_QUERY)
    def index(self, req):
        req.context.can("os_compute_api:extensions")
        return {"extensions": [_shown(alias) for alias in sorted(EXTENSIONS)]}

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200.  404: no such alias."""
        req.context.can("os_compute_api:extensions")
        if id not in EXTENSIONS:
            raise exceptions.NotFound()
        return {"extension": _shown(id)}


def _shown(alias):
    name, description = EXTENSIONS[alias]
    return {"alias": alias, "name": name, "description": description, "links": [],
            "namespace": "http://docs.openstack.org/compute/ext/fake_xml", "updated": "2014-12-03T00:00:00Z"}
