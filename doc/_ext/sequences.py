"""Sequence diagrams as SVG: who asks whom for what, from the top down."""

import dataclasses
from xml.sax.saxutils import escape

_DISTANCE = 150     # pixels between two lifelines
_STEP = 46          # pixels between two messages
_MARGIN = 80
_HEAD = 60
_HALO = 'stroke="#ffffff" stroke-width="4" paint-order="stroke"'       # so that text reads over a line
_CALL, _NOTE, _ANSWER = "call", "note", "answer"


@dataclasses.dataclass(frozen=True)
class Message:
    """One arrow, or a note beside a lifeline.

    :ivar source, target: titles of lifelines; both the same for a note.
    :ivar code: the function that does it, "package.module:Class.method"; empty where there is none.
    """

    kind: str
    source: str
    target: str
    text: str
    code: str = ""


@dataclasses.dataclass(frozen=True)
class Sequence:
    title: str
    lifelines: tuple
    messages: tuple

    def functions(self):
        return [each.code for each in self.messages if each.code]


def call(source, target, text, code=""):
    return Message(_CALL, source, target, text, code)


def answer(source, target, text, code=""):
    return Message(_ANSWER, source, target, text, code)


def note(lifeline, text, code=""):
    return Message(_NOTE, lifeline, lifeline, text, code)


_CLIENT, _API, _DB, _CONDUCTOR, _SCHEDULER, _HOST, _LIBVIRT = (
    "client", "API", "database", "conductor", "scheduler", "compute host", "libvirt")
_ALL = (_CLIENT, _API, _DB, _CONDUCTOR, _SCHEDULER, _HOST, _LIBVIRT)

BOOT = Sequence("A boot, from the request to a running guest", _ALL, (
    call(_CLIENT, _API, "POST /servers", "nova_lite.api.compute.servers:Servers.create"),
    call(_API, _DB, "quota, server, operation: one transaction", "nova_lite.compute.actions.build:Build.create"),
    answer(_API, _CLIENT, "202"),
    call(_API, _CONDUCTOR, "build_servers(ids)", "nova_lite.conductor.rpcapi:ConductorAPI.build_servers"),
    call(_CONDUCTOR, _SCHEDULER, "select_destinations", "nova_lite.scheduler.rpcapi:SchedulerAPI.select_destinations"),
    call(_SCHEDULER, _DB, "filter, weigh, claim by one UPDATE",
         "nova_lite.scheduler.manager:Endpoint.select_destinations"),
    answer(_SCHEDULER, _CONDUCTOR, "host"),
    call(_CONDUCTOR, _DB, "ports and addresses; handed over", "nova_lite.conductor.flows.build:Build.build_server"),
    call(_CONDUCTOR, _HOST, "build_server(id)", "nova_lite.compute.rpcapi:ComputeAPI.build_server"),
    call(_HOST, _CONDUCTOR, "take_lease", "nova_lite.conductor.rpcapi:ConductorAPI.take_lease"),
    answer(_CONDUCTOR, _HOST, "server, NICs, image"),
    note(_HOST, "network, image, disks", "nova_lite.compute.tasks.build:Build.build_server"),
    call(_HOST, _LIBVIRT, "define, start", "nova_lite.virt.driver:Build.spawn"),
    call(_HOST, _CONDUCTOR, "finish", "nova_lite.conductor.rpcapi:ConductorAPI.finish"),
    call(_CONDUCTOR, _DB, "ACTIVE"),
))

STOP = Sequence("A stop, floor by floor", (_CLIENT, _API, _DB, _HOST, _CONDUCTOR, _LIBVIRT), (
    call(_CLIENT, _API, "os-stop", "nova_lite.api.compute.power:Power.stop"),
    call(_API, _DB, "claim the server, record", "nova_lite.compute.actions.power:Power.stop"),
    answer(_API, _CLIENT, "202"),
    call(_API, _HOST, "stop_server(id)", "nova_lite.compute.rpcapi:ComputeAPI.stop_server"),
    call(_HOST, _CONDUCTOR, "take_lease", "nova_lite.conductor.rpcapi:ConductorAPI.take_lease"),
    call(_HOST, _LIBVIRT, "shut down, wait", "nova_lite.compute.tasks.power:Power.stop_server"),
    call(_HOST, _CONDUCTOR, "finish", "nova_lite.conductor.rpcapi:ConductorAPI.finish"),
    call(_CONDUCTOR, _DB, "SHUTOFF"),
))

ALL = {"boot": BOOT, "stop": STOP}


def svg(sequence):
    """The drawing as text."""
    width = _DISTANCE * (len(sequence.lifelines) - 1) + 2 * _MARGIN
    height = _HEAD + _STEP * (len(sequence.messages) + 1)
    at = {lifeline: _MARGIN + _DISTANCE * index for index, lifeline in enumerate(sequence.lifelines)}
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
             f'height="{height}" font-family="Helvetica,Arial,sans-serif" font-size="13">',
             f"<title>{escape(sequence.title)}</title>",
             '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
             'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#5b7db1"/></marker></defs>']
    parts += [_lifeline(lifeline, x, height) for lifeline, x in at.items()]
    for index, message in enumerate(sequence.messages):
        y = _HEAD + _STEP * (index + 1) - 10
        draw = _note if message.kind == _NOTE else _arrow
        parts.append(draw(message, at[message.source], at[message.target], y))
    return "\n".join([*parts, "</svg>"])


def _lifeline(lifeline, x, height):
    return (f'<line x1="{x}" y1="40" x2="{x}" y2="{height - 8}" stroke="#b5c3d8" stroke-dasharray="4 4"/>'
            f'<rect x="{x - 62}" y="8" width="124" height="32" rx="7" fill="#eef3fb" stroke="#5b7db1"/>'
            f'<text x="{x}" y="29" text-anchor="middle" fill="#14233b">{escape(lifeline)}</text>')


def _arrow(message, x1, x2, y):
    dash = ' stroke-dasharray="5 3"' if message.kind == _ANSWER else ""
    return (f'<line x1="{x1}" y1="{y}" x2="{x2}" y2="{y}" stroke="#5b7db1" stroke-width="1.4"{dash} '
            'marker-end="url(#head)"/>' + _texts(message, (x1 + x2) / 2, y))


def _note(message, x, _, y):
    return (f'<rect x="{x - 75}" y="{y - 22}" width="150" height="24" rx="4" fill="#fff7e0" stroke="#d9b654"/>'
            f'<text x="{x}" y="{y - 6}" text-anchor="middle" fill="#4a3b10">{escape(message.text)}</text>'
            + _code(message, x, y + 14))


def _texts(message, x, y):
    return (f'<text x="{x}" y="{y - 6}" text-anchor="middle" fill="#14233b" {_HALO}>'
            f'{escape(message.text)}</text>' + _code(message, x, y + 13))


def _code(message, x, y):
    if not message.code:
        return ""
    module, _, name = message.code.partition(":")
    return (f'<text x="{x}" y="{y}" text-anchor="middle" fill="#7a8aa3" font-size="11" {_HALO}>'
            f'<title>{escape(module)}</title>{escape(name)}</text>')
