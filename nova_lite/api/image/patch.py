"""PATCH bodies: JSON patches as Glance speaks them (a subset of RFC 6902), and their older form.

application/openstack-images-v2.1-json-patch: [{"op": "replace", "path": "/name", "value": "x"}]
application/openstack-images-v2.0-json-patch: [{"replace": "/name", "value": "x"}]
"""

from nova_lite.api.image import schema
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.image.changes import READ_ONLY, RESERVED, Change

_OPS = ("add", "remove", "replace")
_OLD, _NEW = (f"application/openstack-images-v2.{minor}-json-patch" for minor in (0, 1))
_MOST = 1000        # changes in one request
_ATTRIBUTE = validation.Checker(schema.ATTRIBUTE, lambda error: f"Provided object does not match schema 'image': "
                                                                f"{error.message}")


def read(req):
    """The Changes that a PATCH asks for.

    :raises UnsupportedMediaType: it is not a patch.
    :raises BadRequest: it is not a good one.
    """
    kind = req.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind not in (_OLD, _NEW):
        raise exceptions.UnsupportedMediaType(f"Image PATCH expects Content-Type one of: {_OLD}, {_NEW}")
    body = req.body_json
    if not isinstance(body, list):
        raise exceptions.BadRequest("Request body must be a JSON array of operation objects.")
    if len(body) > _MOST:
        raise exceptions.BadRequest(f"A request may make {_MOST} changes at most.")
    return [_change(each, _new if kind == _NEW else _old) for each in body]


def _change(raw, words):
    if not isinstance(raw, dict):
        raise exceptions.BadRequest("Operations must be JSON objects.")
    op, pointer = words(raw)
    name = _name(pointer)
    if op == "remove":
        return Change(op, name)
    if "value" not in raw:
        raise exceptions.BadRequest(f'Operation "{op}" requires a member named "value".')
    change = Change(op, name, raw["value"])
    check(change.name, change.value)
    return change


def _new(raw):
    op = raw.get("op")
    if op is None:
        raise exceptions.BadRequest("Unable to find `op` in JSON Schema change. It must be one of the following: "
                                   f"{', '.join(_OPS)}.")
    if op not in _OPS:
        raise exceptions.BadRequest(f"Invalid operation: `{op}`. It must be one of the following: {', '.join(_OPS)}.")
    if "path" not in raw:
        raise exceptions.BadRequest("Unable to find 'path' in JSON Schema change")
    return op, raw["path"]


def _old(raw):
    found = [op for op in _OPS if op in raw]
    if len(found) != 1:
        raise exceptions.BadRequest(f"Operation objects must contain exactly one member named {', '.join(_OPS)}.")
    return found[0], raw[found[0]]


def _name(pointer):
    """The attribute that a JSON pointer (RFC 6901) names."""
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise exceptions.BadRequest(f'Pointer `{pointer}` does not start with "/".')
    if "/" in pointer[1:] or not pointer[1:] or len(pointer) > 256:
        raise exceptions.BadRequest(f"Invalid JSON pointer for this resource: '{pointer}'")
    return pointer[1:].replace("~1", "/").replace("~0", "~")


def check(name, value):
    """:raises BadRequest: attribute ``name`` cannot be ``value``.  What clients may not set at all passes."""
    if name == "id" or name in READ_ONLY or name in RESERVED:
        return
    _ATTRIBUTE.check({name: value})
    check_format(name, value)


def check_format(name, value):
    allowed = schema.formats_allowed().get(name)
    if allowed is not None and value is not None and value not in allowed:
        raise exceptions.BadRequest(f"Provided object does not match schema 'image': '{value}' is not one of "
                                   f"{[None, *allowed]}")
