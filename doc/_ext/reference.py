"""The Sphinx directive ``api-reference``: every route of a service with its rule, parameters and a recorded example.

What a route means is its method's docstring, what it takes is its JSON schema, what it answers was recorded from a
running cloud (``python -m tests.examples``).
"""

import importlib
import inspect
import json
import os
import re

from declared import literal, table, title
from sphinx.util.docutils import SphinxDirective

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_GONE = "retired:gone"
_LONGEST = 2        # elements of a list that are shown


class Reference(SphinxDirective):
    required_arguments = 1

    def run(self):
        path = os.path.join(_ROOT, "examples.json")
        self.env.note_dependency(path)
        with open(path, encoding="utf-8") as file:
            recorded = {(each["service"], each["route"]): each for each in json.load(file)}
        return self.parse_text_to_nodes("\n".join(_service(self.arguments[0], recorded)), allow_section_headings=True)


def _service(service, recorded):
    package = importlib.import_module(f"nova_lite.api.{service}.routes")
    controllers = package.controllers(_Nothing())
    entries = [*package.ROUTES, *getattr(package, "ACTIONS", ())]
    groups = {}
    for entry in entries:
        if entry.target != _GONE and not (entry.until and service == "compute"):
            groups.setdefault(_group(entry), []).append(entry)
    lines = []
    for group in sorted(groups):
        lines += title(group)
        for entry in sorted(groups[group], key=_order):
            lines += _entry(service, entry, controllers, recorded.get((service, str(entry))))
    return lines


def _order(entry):
    return getattr(entry, "path", "~"), getattr(entry, "method", ""), getattr(entry, "name", "")


def _group(entry):
    """The resource that a route is of: "servers", of their actions "servers: actions"."""
    if not hasattr(entry, "path"):
        return f"{entry.on}: actions"
    parts = [part for part in entry.path.split("/") if part and not part.startswith("{")]
    return ": ".join(parts[:1] if len(parts) < 2 or parts[1] == "detail" else parts[:2]) or "versions"


class _Nothing:
    """Stands for the facades, with every capability: the controllers are made to be read, not called."""

    def __getattr__(self, name):
        return self

    def __contains__(self, capability):
        return True


def _entry(service, entry, controllers, example):
    name, _, method = entry.target.partition(":")
    function = getattr(type(controllers[name]), method)
    lines = title(str(entry), "~")
    lines += [*_docstring(function), ""]
    facts = [f"microversions from {entry.since}"] if entry.since else []
    facts += [f"rule {literal(entry.policy)}"] if entry.policy else []
    lines += ["; ".join(facts).capitalize() + ".", ""] if facts else []
    lines += _parameters(getattr(function, "body_schema", None))
    return lines + (_example(service, entry, example) if example else [])


def _docstring(function):
    text = inspect.getdoc(inspect.unwrap(function))
    return [_plain(line) for line in text.splitlines()] if text else []


def _plain(line):
    """A line that begins with "404." is no item of a numbered list."""
    return re.sub(r"^(\d+)\.", r"\1\.", line.replace("*", r"\*").replace("|", r"\|"))


def _parameters(schema):
    """A table of what the newest version of a body takes."""
    if schema is None:
        return []
    schema = getattr(schema, "schemas", [schema])[-1]
    rows = list(_rows("", schema))
    return table(("parameter", "type", "required"), rows, (50, 35, 15)) if rows else []


def _rows(prefix, schema, depth=0):
    if not isinstance(schema, dict) or depth > 2:
        return
    for name, inner in schema.get("properties", {}).items():
        whole = f"{prefix}{name}"
        yield literal(whole), _type(inner), "yes" if name in schema.get("required", ()) else ""
        yield from _rows(f"{whole}.", inner, depth + 1)
        if isinstance(inner, dict) and isinstance(inner.get("items"), dict):
            yield from _rows(f"{whole}[].", inner["items"], depth + 1)


def _type(schema):
    if not isinstance(schema, dict):
        return ""
    if "enum" in schema:
        return ", ".join(literal(json.dumps(each)) for each in schema["enum"][:6])
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = " or ".join(kind)
    limits = [f"{word} {schema[key]}" for key, word in (
        ("maxLength", "at most"), ("minimum", "from"), ("maximum", "to"), ("format", "")) if key in schema]
    return " ".join((kind, *limits)).strip()


def _example(service, entry, example):
    root = {"identity": "/identity/v3", "compute": "/compute/v2.1", "image": "/image/v2", "network": "/network/v2.0"}
    method = str(entry).split(" ")[0]
    lines = [".. code-block:: http", "", f"   {method} {root[service]}{example['path']} HTTP/1.1"]
    if service == "compute":
        lines.append("   OpenStack-API-Version: compute 2.104")
    lines += ["", *_json(example["body"])] if example["body"] is not None else []
    lines += ["", f"answers {example['status']}" + (":" if example["answer"] is not None else "."), ""]
    if example["answer"] is not None:
        lines += [".. code-block:: json", "", *_json(example["answer"]), ""]
    return lines


def _json(value):
    return [f"   {line}" for line in json.dumps(_shortened(value), indent=1, ensure_ascii=False).splitlines()]


def _shortened(value):
    """Long lists as their first elements."""
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    return [_shortened(each) for each in value[:_LONGEST]] if isinstance(value, list) else value


def setup(app):
    app.add_directive("api-reference", Reference)
    return {"parallel_read_safe": True}
