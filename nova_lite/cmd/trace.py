"""``nova-lite trace``: what a request or a server went through, as a tree: who asked, every step, where, when, how it
ended, and the function of each floor that did it.
"""

import itertools
import os
import sys

from nova_lite.cmd import code_map, up
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.objects import decision

_WIDE = 12          # of a floor's name
_NAME = 36          # of a function's


def run(arguments):
    """0, or 1 where nothing is known by that name."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
        text = trace(arguments.wanted)
    except exception.NovaLiteError as error:
        print(f"nova-lite: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0


def trace(wanted):
    """The trees of all operations of ``wanted`` (a request's id, a server's id or name), oldest first.

    :raises Misconfigured: there is no database.  :raises NotFound: nobody did anything to it.
    """
    from nova_lite import db
    from nova_lite.db import timeline
    check_database()
    with db.reader() as session:
        operations = timeline.operations(session, wanted)
        steps = timeline.steps(session, [each.id for each in operations])
        hypervisors = timeline.hypervisors(session)
        names = _Names(session)
        if not operations:
            raise exception.NotFound(f"No operation of a request or server {wanted} is recorded.")
        return "\n\n".join("\n".join(_drawn(_tree(each, steps.get(each.id, []), hypervisors, names)))
                           for each in operations)


def check_database():
    """:raises Misconfigured: there is none."""
    path = os.path.join(CONF.state_dir, "nova_lite.sqlite")
    if not CONF.database.connection and not os.path.exists(path):
        raise exception.Misconfigured(problem=f"There is no database {path}.",
                                      remedy="Give --state-dir DIR of a cloud, or --config-file FILE that names its "
                                             "database.")


class _Names:
    """Names of users and projects that this cloud keeps itself."""

    def __init__(self, session):
        self._session = session

    def of(self, kind, id):
        from nova_lite.db import identity
        row = identity.get(self._session, kind, id)
        return f"{row.name} ({id})" if row is not None else id or "-"


# ---- what is told: trees are (text, [trees])

def _tree(operation, steps, hypervisors, names):
    route = operation.route or "a request whose route was not recorded"
    title = (f"{operation.name} of {operation.display_name or 'a purged server'} ({operation.server_id}): "
             f"{_end(operation)}")
    asked = [(f"asked {operation.created_at:%Y-%m-%d %H:%M:%S.%f} UTC by user {names.of('user', operation.user_id)} of "
              f"project {names.of('project', operation.project_id)}", []),
             (f"request {operation.request_id}", []),
             (route, [(_line(each), []) for each in code_map.asked(operation.route, operation.name)])]
    parts = [_part(operation, attempt, list(group), hypervisors) for attempt, group in
             itertools.groupby(steps, lambda step: (step.attempt, step.name == "schedule"))]
    if not steps:
        parts = [(f"nothing was begun; it waits for {operation.place}" if operation.finished_at is None
                  else f"no step was journalled; last at {operation.place}", _floors(operation, operation.place))]
    return title, [*asked, *parts, (_ending(operation), [])]


def _part(operation, key, steps, hypervisors):
    """One attempt at one place."""
    attempt, conducted = key
    host = steps[0].host
    if conducted:
        return f"attempt {attempt} at the conductor", [*_floors(operation, "conductor"),
                                                       *(_step(operation, each, {}) for each in steps)]
    driver = "fake" if hypervisors.get(host) == "fake" else "libvirt"
    told = code_map.steps(operation.name, driver)
    return f"attempt {attempt} on host {host}", [*_floors(operation, host),
                                                 *(_step(operation, each, told) for each in steps)]


def _floors(operation, place):
    found = code_map.at_conductor(operation.name, operation.route) if place == "conductor" else code_map.at_host(
        operation.name)
    return [(_line(each), []) for each in found]


def _step(operation, step, told):
    began = (step.started_at - operation.created_at).total_seconds()
    took = "" if step.finished_at is None else f"{(step.finished_at - step.started_at).total_seconds():.3f} s"
    text = f"{'step':<{_WIDE}}{step.name:<{_NAME}} +{began:.3f} s  {took:>9}  {step.outcome or 'running'}"
    if step.detail or step.decision:
        text += f": {step.detail or decision.brief(step.decision)}"
    return text, [(_line(each), []) for each in told.get(step.name, ())]


def _line(place):
    return f"{place.floor:<{_WIDE}}{place.name:<{_NAME}} {place.where}"


def _end(operation):
    if operation.finished_at is None:
        return operation.state
    return f"{operation.state} in {(operation.finished_at - operation.created_at).total_seconds():.3f} s"


def _ending(operation):
    if operation.finished_at is None:
        return (f"{operation.state} at {operation.place}, attempt {operation.attempt}, step {operation.step or '-'}, "
                f"worker {operation.worker or '-'}, to end by {operation.deadline:%H:%M:%S} UTC")
    after = f"+{(operation.finished_at - operation.created_at).total_seconds():.3f} s"
    return f"{operation.state} {after}" + (f": {operation.error}" if operation.error else "")


# ---- how it is drawn

def _drawn(tree):
    text, children = tree
    yield text
    for index, child in enumerate(children):
        last = index == len(children) - 1
        first, *rest = _drawn(child)
        yield f"{'└─' if last else '├─'} {first}"
        for line in rest:
            yield f"{'   ' if last else '│  '}{line}"
