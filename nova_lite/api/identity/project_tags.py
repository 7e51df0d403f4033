"""Tags of projects: /v3/projects/{id}/tags."""

import re
from urllib.parse import quote

from nova_lite.api.identity import filters, schemas
from nova_lite.api.identity.projects import target
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions
from nova_lite.identity import exceptions as identity_exceptions

_TAG = re.compile(r"[^,/]{1,255}")


class ProjectTags:
    def __init__(self, facades):
        self.projects = facades.identity.projects

    @filters.listed("nothing")
    def index(self, req, id):
        row = self._may(req, id, "list_project_tags")
        return _shown(req, row.tags)

    @validation.body(schemas.TAGS)
    def replace(self, req, id):
        self._may(req, id, "update_project_tags")
        return _shown(req, self.projects.retag(id, lambda tags: req.body_json["tags"]))

    def clear(self, req, id):
        self._may(req, id, "delete_project_tags")
        self.projects.retag(id, lambda tags: [])
        return 204

    def show(self, req, id, value):
        """204: the project has the tag.  404: not."""
        row = self._may(req, id, "get_project_tag")
        if value not in row.tags:
            raise identity_exceptions.MissingTag(tag=value)
        return 204

    def add(self, req, id, value):
        """201, also where it is there already.  400: it is no tag, or one too many."""
        self._may(req, id, "create_project_tag")
        if not _TAG.fullmatch(value):
            raise exceptions.BadRequest(f"Invalid tag '{value}': 1 to 255 characters, without ',' and '/'.")
        self.projects.retag(id, lambda tags: tags if value in tags else [*tags, value])
        return Answer(status=201, headers=[("Location", f"{req.base_url}/projects/{id}/tags/{quote(value, safe='')}")])

    def remove(self, req, id, value):
        def without(tags):
            if value not in tags:
                raise identity_exceptions.MissingTag(tag=value)
            return [each for each in tags if each != value]
        self._may(req, id, "delete_project_tag")
        self.projects.retag(id, without)
        return 204

    def _may(self, req, id, rule):
        row = self.projects.find(id)
        req.context.can(f"identity:{rule}", target(row))
        return self.projects.found(row, id)


def _shown(req, tags):
    return {"tags": tags, "links": {"self": req.root_url + req.environ["PATH_INFO"]}}
