"""/networks/{id}/tags and the same of every kind of resource that has tags."""

from nova_lite.api.network import schemas
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions
from nova_lite.network.exceptions import InvalidInput, MalformedRequestBody, TagNotFound

_LONGEST = 255


def _refused(req, error):
    """What Neutron says of a body that is not JSON, or none of tags."""
    if not isinstance(error, exceptions.ValidationError):
        return MalformedRequestBody()
    body = req.body_json
    if not isinstance(body, dict) or set(body) != {"tags"}:
        return InvalidInput(detail="Invalid tags body.")
    tags = body["tags"]
    if not isinstance(tags, list):
        return InvalidInput(detail=f"'{tags}' is not a list.")
    twice = list(dict.fromkeys(str(each) for number, each in enumerate(tags) if each in tags[:number]))
    if twice:
        return InvalidInput(detail=f"Duplicate items in the list: '{', '.join(twice)}'.")
    return InvalidInput(detail=next(filter(None, map(_problem, tags)), "Invalid tags body."))


class Tags:
    """:param collection: the kind's controller."""

    def __init__(self, collection):
        self._collection = collection

    def index(self, req, id):
        return {"tags": self._collection.load_for_tags(req, id, "get")["tags"]}

    def show(self, req, id, tag):
        """204.  404: it has no such tag."""
        _check_there(self._collection.load_for_tags(req, id, "get")["tags"], tag)
        return 204

    @validation.body(schemas.TAGS, _refused)
    def create(self, req, id):
        """Add some to those it has; 200 and what was sent."""
        added = set(req.body_json["tags"])
        self._change(req, id, "create", lambda tags: tags | added)
        return req.body_json

    @validation.body(schemas.TAGS, _refused)
    def update_all(self, req, id):
        """200 and what was sent."""
        wanted = set(req.body_json["tags"])
        self._change(req, id, "update", lambda tags: wanted)
        return req.body_json

    def update(self, req, id, tag):
        """201, with no body."""
        _check(tag)
        self._change(req, id, "update", lambda tags: tags | {tag})
        return Answer(None, 201)

    def delete(self, req, id, tag):
        """204.  404: it has no such tag."""
        def without(tags):
            _check_there(tags, tag)
            return tags - {tag}
        self._change(req, id, "delete", without)
        return 204

    def delete_all(self, req, id):
        self._change(req, id, "delete", lambda tags: set())
        return 204

    def _change(self, req, id, action, change):
        self._collection.change_tags(req, self._collection.load_for_tags(req, id, action), change)


def _problem(tag):
    if not isinstance(tag, str):
        return f"'{tag}' is not a valid string."
    return f"'{tag}' exceeds maximum length of {_LONGEST}." if len(tag) > _LONGEST else ""


def _check(tag):
    if problem := _problem(tag):
        raise InvalidInput(detail=problem)


def _check_there(tags, tag):
    if tag not in tags:
        raise TagNotFound(tag=tag)
