"""The Sphinx directive ``declared``: tables made from what the code declares, so that they cannot grow old.

``.. declared:: options`` shows configuration options; likewise ``routes``, ``policies``, ``operations``, ``drift`` and
``promises``.
"""

import importlib
import pkgutil

from sphinx.util.docutils import SphinxDirective

SERVICES = ("identity", "compute", "image", "network")
_VERSION = {"identity": "/identity/v3", "compute": "/compute/v2.1", "image": "/image/v2", "network": "/network/v2.0"}


class Declared(SphinxDirective):
    required_arguments = 1

    def run(self):
        return self.parse_text_to_nodes("\n".join(_WRITERS[self.arguments[0]]()), allow_section_headings=True)


def table(head, rows, widths):
    """A list-table; cells are reStructuredText of one line."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in (head, *rows):
        lines += [f"   {'* -' if index == 0 else '  -'} {cell}".rstrip() for index, cell in enumerate(row)]
    return [*lines, ""]


def literal(text):
    return f"``{text}``" if text not in (None, "") else ""


def title(text, underline="-"):
    return [text, underline * len(text), ""]


# ---- options

def options():
    from nova_lite import conf
    from nova_lite.cmd import sample
    groups = {}
    for module in conf.modules():
        groups.setdefault(module.GROUP or "DEFAULT", []).append(module)
    lines = []
    for group in sorted(groups, key=lambda name: (name != "DEFAULT", name)):
        lines += title(f"[{group}]")
        for module in groups[group]:
            lines += [module.__doc__.strip().splitlines()[0], ""]
            for option in module.OPTS:
                lines += _option(option, sample)
    return lines


def _option(option, sample):
    return [f"``{option.name}``", f"   *{sample.kind(option)}*, default ``{sample.shown(option) or '(empty)'}``", "",
            f"   {_escaped(' '.join((option.help or '').split()))}", ""]


def _escaped(text):
    for sign in "\\*`|_":
        text = text.replace(sign, "\\" + sign)
    return text


# ---- routes

def routes():
    lines = []
    for service in SERVICES:
        package = importlib.import_module(f"nova_lite.api.{service}.routes")
        lines += title(f"{service} ({_VERSION[service]})")
        lines += table(("method", "path", "microversions"), _paths(package.ROUTES), (10, 70, 20))
        actions = getattr(package, "ACTIONS", ())
        if actions:
            lines += title("Actions", "~")
            lines += ["The one key of the body of ``POST /servers/{id}/action``.", ""]
            lines += table(("action", "microversions"), [
                (literal(each.name), _range(each)) for each in sorted(actions, key=lambda one: one.name.lower())],
                (70, 30))
    return lines


def _paths(declared):
    ordered = sorted(declared, key=lambda each: (each.path, each.method, each.since or ""))
    return [(each.method, literal(each.path), _range(each)) for each in ordered]


def _range(declared):
    if declared.since and declared.until:
        return f"{declared.since} to {declared.until}"
    if declared.since:
        return f"from {declared.since}"
    return f"to {declared.until}" if declared.until else "all"


# ---- policies, operations, promises

def policies():
    from nova_lite import policies as package
    lines = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        rules = [each for each in getattr(module, "RULES", ()) if hasattr(each, "operations")]
        if not rules:
            continue
        lines += title(info.name)
        lines += table(("rule", "default", "for tokens of", "what it allows"), [
            (literal(each.name), literal(each.check_str or "(anyone)"), ", ".join(each.scope_types or ("any scope",)),
             _escaped(each.description)) for each in rules], (35, 25, 15, 25))
    return lines


def operations():
    from nova_lite.objects.states import OPERATIONS
    rows = [(literal(each.name), literal(each.action), ", ".join(sorted(map(str, each.allowed))), each.task, each.then,
             each.failing or "as it was", f"{each.deadline} s") for each in OPERATIONS.values()]
    return table(("operation", "action", "may start from", "task_state", "then", "failing", "deadline"), rows,
                 (16, 12, 26, 18, 10, 10, 8))


def drift():
    from nova_lite.objects.drift import KINDS
    return table(("kind", "what it means", "what to do"), [
        (literal(each.name), _escaped(each.means), _escaped(each.remedy)) for each in KINDS.values()], (20, 40, 40))


def promises():
    from bench.promises import PROMISES
    rows = [(literal(each.figure), f"{each.limit:g} {each.unit}", f"{each.peer:g}" if each.peer else "not measured",
             _escaped(each.how)) for each in PROMISES]
    return table(("figure", "promise: at most", "real OpenStack", "how it is measured"), rows, (18, 16, 14, 52))


_WRITERS = {"options": options, "routes": routes, "policies": policies, "operations": operations, "drift": drift,
            "promises": promises}


def setup(app):
    app.add_directive("declared", Declared)
    return {"parallel_read_safe": True}
