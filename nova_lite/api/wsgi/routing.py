"""URL tables: declared as data by each service, matched by Routes, built once a process.

Nothing of a request is ever added to a table.
"""

import functools
import re
from dataclasses import dataclass

import routes

from nova_lite.api.wsgi import microversion

_PROJECT = re.compile(r"[0-9a-f-]+")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    :param target: "controller:method", a key of the service's ``controllers()`` and a method of its value.
    :param since: first microversion that offers it ("2.55"); None means always.  ``until``: the last one.
    :param public: it is answered without a token.
    :param stream: the body is not limited in size and the method reads it from ``req.stream``.
    :param policy: the rule its method asks, for the completeness test; None: none.
    """

    method: str
    path: str
    target: str
    since: str | None = None
    until: str | None = None
    public: bool = False
    stream: bool = False
    policy: str | None = None

    def __str__(self):
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Action:
    """What POST /servers/{id}/action does when the body's one key is ``name``."""

    name: str
    target: str
    since: str | None = None
    until: str | None = None
    on: str = "servers"
    policy: str | None = None

    def __str__(self):
        return f"POST /{self.on}/{{id}}/action ({self.name})"


class Plan:
    """A route or an action with its method found and its versions read."""

    __slots__ = ("declared", "method", "public", "route", "since", "stream", "until")

    def __init__(self, declared, controllers):
        self.declared = declared
        self.route, controller, name, self.since, self.until = _read(declared)
        self.method = getattr(controllers[controller], name)
        self.public = getattr(declared, "public", False)
        self.stream = getattr(declared, "stream", False)

    def offered(self, version):
        """Whether it exists in ``version``; None (a service without microversions) has everything."""
        if version is None:
            return True
        return (self.since is None or version >= self.since) and (self.until is None or version <= self.until)


@functools.cache
def _read(declared):
    """(its name, its controller, the method's name, first and last version or None)"""
    controller, _, name = declared.target.partition(":")
    return (str(declared), controller, name, declared.since and microversion.parse(declared.since),
            declared.until and microversion.parse(declared.until))


class Table:
    """A service's routes and actions.

    One Routes mapper a first path segment keeps a match near 6 us however many routes there are.
    """

    def __init__(self, declared, actions, controllers):
        self.paths = {}                     # template -> {HTTP method: [Plan]}
        self.actions = {}                   # collection -> {action name: [Plan]}
        for route in declared:
            methods = self.paths.setdefault(route.path, {})
            methods.setdefault(route.method, []).append(Plan(route, controllers))
        for action in actions:
            names = self.actions.setdefault(action.on, {})
            names.setdefault(action.name, []).append(Plan(action, controllers))
        self._templates = tuple(sorted({*self.paths, *(f"/{on}/{{id}}/action" for on in self.actions)},
                                       key=_static_first))
        self._mappers = {head: self._mapper(head) for head in {_head(each) for each in self._templates}}

    def match(self, path):
        """``(template, arguments)`` of a path like "/servers/detail", or None."""
        mapper = self._mappers.get(_head(path))
        found = mapper.match(path) if mapper else None
        if found is None:
            return None
        return self._templates[int(found.pop("template"))], found

    def split_project(self, path):
        """``(project id or None, path without it)``: compute URLs may carry the project before the resource."""
        if _head(path) not in self._mappers:
            first, slash, rest = path[1:].partition("/")
            if slash and _PROJECT.fullmatch(first) and _head("/" + rest) in self._mappers:
                return first, "/" + rest
        return None, path

    def _mapper(self, head):
        return _mapper(head, self._templates)


@functools.cache
def _mapper(head, templates):
    """What matches the templates whose first segment is ``head``."""
    made = routes.Mapper(controller_scan=None, register=False, explicit=True)
    made.minimization = False
    for number, template in enumerate(templates):
        if _head(template) == head:
            made.connect(None, template, template=str(number))
    made.create_regs()
    return made


def _head(path):
    end = path.find("/", 1)
    return path[1:] if end < 0 else path[1:end]


def _static_first(template):
    """Sort key that puts /servers/detail before /servers/{id}, however they were declared."""
    return [(part.startswith("{"), part) for part in template.split("/")]
