"""How each service of the one port speaks: its mount point, its faults, its manners."""

from nova_lite.api.wsgi import faults, request, versions
from nova_lite.common import exceptions


class Dialect:
    """What all services share; each overrides where the real one differs."""

    mount = ""                      # first segment of its URLs
    path = ""                       # second segment: the API's version
    old_path = None                 # second segment: an older version, whose clients know the oldest microversion only
    request_id_headers = ("x-openstack-request-id",)
    has_microversions = False
    head_is_get = False             # HEAD is answered where GET is
    strict_slash = True             # /servers/ is not /servers
    hides_routes = True             # without a token, 401 also where nothing is
    malformed = "Malformed request body"
    headers = ()                    # sent with every answer

    def fault(self, status, message, error, req):
        return faults.compute(status, message, error, req)

    def no_route(self, req):
        """The answer where no path matches."""
        return faults.page(404, None, req.environ)

    def no_method(self, req, allowed):
        """The answer where the path matches and the method does not."""
        return faults.page(405, None, req.environ, [("Allow", ", ".join(allowed))])

    def root(self, req, rest):
        """The version document at the mount point; ``rest`` is what follows it."""
        return faults.page(404, None, req.environ)

    def home(self, req):
        """The document at the version's own URL; None: it wants a token and a route of its own."""

    def check_media_type(self, req):
        """:raises UnsupportedMediaType: the body's type is not spoken here."""

    def parse_body(self, req):
        raw = req.raw_body
        if not raw:
            return None
        try:
            return request.loads(raw)
        except ValueError:
            raise exceptions.BadRequest(self.malformed) from None


class Compute(Dialect):
    """Nova: 404 where others say 405, microversions, HTML pages where no route is."""

    mount = "compute"
    path = "v2.1"
    old_path = "v2"
    request_id_headers = ("x-openstack-request-id", "x-compute-request-id")
    has_microversions = True
    _media = frozenset(("", "text/plain", "application/json", "application/vnd.openstack.compute+json"))

    def no_method(self, req, allowed):
        return self.no_route(req)

    def root(self, req, rest):
        return versions.compute_list(req) if not rest else versions.compute_choices(req, rest)

    def home(self, req):
        return versions.compute_old(req) if req.old else versions.compute(req)

    def check_media_type(self, req):
        kind = req.environ.get("CONTENT_TYPE", "")
        if kind and kind not in self._media and kind.partition(";")[0].strip().lower() not in self._media:
            raise exceptions.UnsupportedMediaType


class Identity(Dialect):
    """Keystone: errors are JSON everywhere, HEAD answers as GET, a missing path needs no token to be missing."""

    mount = "identity"
    path = "v3"
    head_is_get = True
    strict_slash = False
    hides_routes = False
    headers = (("Vary", "X-Auth-Token"),)

    def fault(self, status, message, error, req):
        return faults.identity(status, message, error, req)

    def no_route(self, req):
        return faults.identity(404, "The requested URL was not found on the server.", None, req)

    def no_method(self, req, allowed):
        made = faults.identity(405, "The method is not allowed for the requested URL.", None, req)
        made.headers = [("Allow", ", ".join(allowed))]
        return made

    def root(self, req, rest):
        return versions.identity_list(req) if not rest else self.no_route(req)

    def home(self, req):
        return versions.identity(req)

    def parse_body(self, req):
        raw = req.raw_body
        if not raw:
            return {}
        if req.environ.get("CONTENT_TYPE", "").partition(";")[0].strip() not in ("application/json",
                                                                                "application/json-home"):
            raise faults.malformed("application/json in Content-Type header")
        try:
            parsed = request.loads(raw)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise faults.malformed("valid JSON in request body")
        return parsed


class Image(Dialect):
    """Glance: WebOb's plain pages."""

    mount = "image"
    path = "v2"
    malformed = "Malformed JSON in request body."

    def fault(self, status, message, error, req):
        return faults.image(status, message, error, req)

    def no_method(self, req, allowed):
        return faults.page(405, f"The method {req.method} is not allowed for this resource.", req.environ,
                           [("Allow", ", ".join(allowed))])

    def root(self, req, rest):
        return versions.image_list(req, 300) if not rest else versions.image_list(req, 200) \
            if rest == "/versions" else self.no_route(req)


class Network(Dialect):
    """Neutron: {"NeutronError": ...}, ".json" at a path's end is allowed, and what one may not see is not there."""

    mount = "network"
    path = "v2.0"
    strict_slash = False
    malformed = "Body contains invalid data"

    def fault(self, status, message, error, req):
        if isinstance(error, exceptions.PolicyNotAuthorized) and _hidden(error, req.context):
            return self.no_route(req)
        return faults.network(status, message, error, req)

    def no_route(self, req):
        return faults.network(404, "The resource could not be found.", None, req)

    def no_method(self, req, allowed):
        return faults.network(405, "The method is not allowed for this resource.", None, req)

    def root(self, req, rest):
        return versions.network_list(req) if not rest else self.no_route(req)


def _hidden(refusal, context):
    """Whether what was refused ("update_port:mac_address") was asked of a resource that ``context`` may not see."""
    if not isinstance(refusal.target, dict) or "id" not in refusal.target:
        return False
    kind = refusal.action.partition("_")[2].partition(":")[0]
    return not context.may(f"get_{_PARTS.get(kind, kind)}", refusal.target)


#: What rules name in the place of a kind of resource, and the kind that it is a part of.
_PARTS = {"prefixes": "subnetpool", "addresses": "address_group", "router_interface": "router", "extraroutes": "router",
          "subports": "trunk",          "floatingip_port_forwarding": "floatingip",
          "": "port_binding"}       # of "activate", which names none


class _Unmounted(Dialect):
    """What is outside every service: the list of services, and pages."""


DIALECTS = {each.mount: each() for each in (Identity, Compute, Image, Network)}
NOWHERE = _Unmounted()

