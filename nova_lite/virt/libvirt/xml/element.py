"""Classes that write and read XML by one declaration: ``@element`` names the tag, ``at`` the place of each field.

A place is a path below the element: ``"name"`` (its text), ``"@type"`` (an attribute), ``"source/@file"``, ``"."``
(the element's own text).  The field's annotation is the type there: ``str``, ``int``, ``bool`` (yes/no in an
attribute, presence of an element otherwise), another element class, or a ``tuple`` of one, whose path is then
the parent's.  ``None``, ``False`` at an element and ``()`` write nothing.  Anything an element does not declare is
skipped when reading, so a class declares only what this project writes or reads.
"""

import dataclasses
import types
import typing
import xml.etree.ElementTree as ET


def at(path, default=None):
    """Declare one field of an element at ``path``."""
    return dataclasses.field(default=default, metadata={"path": path})


def element(tag):
    """Make a class an element named ``tag`` ("disk", "{namespace}server"): a frozen dataclass with keyword fields."""
    def decorate(cls):
        cls = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        cls.TAG = tag
        cls.PLACES = tuple(_Place(field, hint) for field, hint in _fields(cls))
        cls.tree, cls.xml, cls.parse = _tree, _xml, classmethod(_parse)
        return cls
    return decorate


def _fields(cls):
    hints = typing.get_type_hints(cls)
    return [(field, hints[field.name]) for field in dataclasses.fields(cls)]


class _Place:
    """One field's place: its steps down, its attribute if any, and what stands there."""

    def __init__(self, field, hint):
        self.name = field.name
        self.default = field.default
        steps = field.metadata["path"].split("/") if "{" not in field.metadata["path"] else [field.metadata["path"]]
        self.attribute = steps.pop()[1:] if steps[-1].startswith("@") else None
        self.steps = [step for step in steps if step != "."]
        self.many = typing.get_origin(hint) is tuple
        if isinstance(hint, types.UnionType):
            hint = next(each for each in typing.get_args(hint) if each is not type(None))
        self.kind = typing.get_args(hint)[0] if self.many else hint

    def write(self, root, value):
        if value is None or value == () or (value is False and self.attribute is None):
            return
        node = _down(root, self.steps)
        if hasattr(self.kind, "TAG"):
            node.extend(each.tree() for each in (value if self.many else (value,)))
        elif self.attribute:
            node.set(self.attribute, _text(value))
        elif self.kind is not bool:
            node.text = _text(value)

    def read(self, root):
        node = root
        for step in self.steps:
            node = None if node is None else node.find(step)
        if node is None:
            return () if self.many else self._absent()
        if hasattr(self.kind, "TAG"):
            found = tuple(self.kind.parse(each) for each in node.findall(self.kind.TAG))
            return found if self.many else next(iter(found), None)
        if self.kind is bool and not self.attribute:
            return True
        text = node.get(self.attribute) if self.attribute else (node.text or "").strip()
        if text is None:
            return self._absent()
        return text == "yes" if self.kind is bool else self.kind(text)

    def _absent(self):
        return False if self.kind is bool and not self.attribute else None


def _down(node, steps):
    for step in steps:
        below = node.find(step)
        node = ET.SubElement(node, step) if below is None else below
    return node


def _text(value):
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _tree(self):
    """The element as an ElementTree node."""
    root = ET.Element(self.TAG)
    for place in self.PLACES:
        place.write(root, getattr(self, place.name))
    return root


def _xml(self):
    """The element as indented text."""
    root = self.tree()
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _parse(cls, source):
    """Read the element from text or from a node.

    :raises xml.etree.ElementTree.ParseError: the text is no XML.
    """
    root = ET.fromstring(source) if isinstance(source, str) else source
    return cls(**{place.name: place.read(root) for place in cls.PLACES})
