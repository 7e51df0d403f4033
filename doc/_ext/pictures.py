"""The Sphinx directive ``picture``: drawings made from what the code declares, so that they cannot grow old.

``.. picture:: layers`` draws who may import whom, ``states`` what each operation makes of a server, ``operation`` the
life of an operation, ``boot`` and ``stop`` a request's way as a sequence, ``packet`` the way of a guest's packet.
Functions that stand in a drawing are looked up when it is drawn; one that is gone fails the build.
"""

import hashlib
import html
import importlib
import json
import os

import sequences
from docutils import nodes
from sphinx.ext.graphviz import graphviz
from sphinx.util.docutils import SphinxDirective

_STYLE = """
    graph [fontname="Helvetica,Arial,sans-serif", bgcolor="transparent", nodesep=0.35, ranksep=0.5];
    node [fontname="Helvetica,Arial,sans-serif", fontsize=12, shape=box, style="rounded,filled", fillcolor="#eef3fb",
          color="#5b7db1", fontcolor="#14233b"];
    edge [fontname="Helvetica,Arial,sans-serif", fontsize=10, color="#7a8aa3", fontcolor="#4a5a73", arrowsize=0.7];
"""


class Picture(SphinxDirective):
    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        if name in _GRAPHS:
            return [self._graph(name)]
        return [self._sequence(name)]

    def _graph(self, name):
        make, alt = _GRAPHS[name]
        node = graphviz(code=f"digraph {name} {{{_STYLE}{make()}}}", options={"graphviz_dot": "dot"}, alt=alt,
                        classes=["picture"])
        self.set_source_info(node)
        return node

    def _sequence(self, name):
        made = sequences.ALL[name]
        for dotted in made.functions():
            resolve(dotted)
        svg = sequences.svg(made)
        digest = hashlib.sha256(svg.encode()).hexdigest()[:12]
        folder = os.path.join(self.env.app.outdir, "_images")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{name}-{digest}.svg"), "w", encoding="utf-8") as file:
            file.write(svg)
        up = "../" * self.env.docname.count("/")
        return nodes.raw("", f'<div class="picture"><img src="{up}_images/{name}-{digest}.svg" '
                             f'alt="{html.escape(made.title)}"></div>', format="html")


def resolve(dotted):
    """The object that "package.module:Class.method" names.  :raises ImportError, AttributeError: it is gone."""
    module, _, path = dotted.partition(":")
    found = importlib.import_module(module)
    for part in filter(None, path.split(".")):
        found = getattr(found, part)
    return found


def quoted(text):
    return json.dumps(str(text), ensure_ascii=False)


# ---- who may import whom

_ORDER = (("cmd",), ("api", "console"), ("facades", "conductor", "hosts"),
          ("scheduler", "rpcapi", "shared", "policies"), ("virt", "db"))


def layers():
    from tests.layers import ALLOWED, FLOORS
    packages = {}
    for package, floor in FLOORS.items():
        packages.setdefault(floor, []).append(package.removeprefix("nova_lite."))
    lines = []
    for row in _ORDER:
        names = [name for name in row if name in ALLOWED]
        lines.append("{rank=same; " + "; ".join(map(quoted, names)) + "}")
        lines += [f"{quoted(name)} [label={quoted(_floor_label(name, packages[name]))}]" for name in names]
    for name, below in ALLOWED.items():
        if name != "cmd":
            lines += [f"{quoted(name)} -> {quoted(each)}" for each in sorted(below)]
    lines += ['"cmd" -> "api"; "cmd" -> "console"; "cmd" -> "conductor"; "cmd" -> "hosts"; "cmd" -> "scheduler"']
    return "\n".join(lines)


def _floor_label(floor, packages):
    shown = sorted(set(packages) - {floor})
    shown = shown[:4] + ["..."] if len(shown) > 4 else shown
    return "\n".join((floor, *shown))


# ---- what operations make of servers

def states():
    from nova_lite.objects.states import OPERATIONS, Vm
    arrows = {}
    for operation in OPERATIONS.values():
        if len(operation.allowed) > 6:        # from nearly everywhere: said in the text
            continue
        for before in operation.allowed:
            after = operation.leads_to(before)
            if after != before:
                arrows.setdefault((before, after), []).append(operation.action)
    lines = ["rankdir=LR;"]
    lines += [f"{quoted(vm)} [{_vm_style(vm)}]" for vm in Vm if any(vm in pair for pair in arrows)]
    lines += [f"{quoted(before)} -> {quoted(after)} [label={quoted(_lines_of(names))}]"
              for (before, after), names in arrows.items()]
    return "\n".join(lines)


def _vm_style(vm):
    fill = {"error": "#fbe9e7", "active": "#e6f4ea"}.get(str(vm), "#eef3fb")
    return f"fillcolor={quoted(fill)}"


def _lines_of(names):
    return "\n".join(sorted(names))


_LIFE = (
    ("queued", "running", "a worker takes the lease"),
    ("running", "queued", "handed over, or its worker is lost"),
    ("running", "done", "the last step succeeded"),
    ("running", "failed", "undone, and what it held given back"),
    ("queued", "failed", "past its deadline"),
    ("queued", "cancelled", "a delete overtakes it"),
    ("running", "cancelled", "a delete overtakes it; its worker is fenced"))


def operation():
    from nova_lite.objects.states import OPEN, OperationState
    lines = ["rankdir=LR;", '"request" [shape=plaintext, style="", label="a request is accepted (202)"]']
    lines += [f"{quoted(state)} [fillcolor={quoted('#eef3fb' if state in OPEN else '#f1f1f1')}]"
              for state in OperationState]
    lines += ['"request" -> "queued" [label="one transaction"]']
    lines += [f"{quoted(OperationState(before))} -> {quoted(OperationState(after))} [label={quoted(why)}]"
              for before, after, why in _LIFE]
    return "\n".join(lines)


# ---- the way of a packet

def packet():
    from nova_lite.network.planes.linux import parts
    host = {"tap": "tapPORT\nits own MAC and addresses only", "bridge": f"{parts.BRIDGES}NETWORK\nbridge, no address",
            "port": f"{parts.PORTS}NETWORK", "link": f"{parts.LINKS}NETWORK\nmasquerade", "uplink": "the host's uplink"}
    namespace = {"lan": f"lan\ngateways, DHCP, DNS,\n{parts.METADATA}", "rules": "rules, NAT", "wan": "wan"}
    return "\n".join((
        "rankdir=LR;", _cluster("guest", {"eth0": "eth0\n10.10.0.5"}), _cluster("host", host),
        _cluster("namespace of the network", namespace), 'world [label="the world", shape=ellipse];',
        "eth0 -> tap -> bridge -> port -> lan -> rules -> wan -> link -> uplink -> world;"))


def _cluster(title, boxes):
    """:param boxes: {name: label} of its nodes."""
    inside = " ".join(f"{name} [label={quoted(label)}];" for name, label in boxes.items())
    return f'subgraph {quoted("cluster_" + title)} {{label={quoted(title)}; style=rounded; color="#9fb3d1"; {inside}}}'


_GRAPHS = {
    "layers": (layers, "Layers of the code and which may import which"),
    "states": (states, "States of a server and the operations that lead from one to another"),
    "operation": (operation, "The life of an operation"),
    "packet": (packet, "The way of a guest's packet to the world")}


def setup(app):
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True}
