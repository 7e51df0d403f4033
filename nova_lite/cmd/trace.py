"""``nova-lite trace``: what a request or a server went through, as a tree: who asked, every step, where, when, how it
ended, and the function of each floor that did it.
"""

import itertools
import os
import sys

from nova_lite.cmd import operation_path, state_dir, tree, up
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.objects import decision
from nova_lite.objects.states import action

_WIDE = 12          # of a floor's name
_NAME = 36          # of a function's


def run(arguments):
    """0, or 1 where nothing is known by that name."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
        text = trace(arguments.wanted)
    except exceptions.NovaLiteError as error:
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
        names = _Names(session)
        if not operations:
            raise exceptions.NotFound(f"No operation of a request or server {wanted} is recorded.")
        return "\n\n".join("\n".join(tree.drawn(_tree(each, steps.get(each.id, []), names)))
                           for each in operations)


def check_database():
    """:raises Misconfigured: there is none."""
    path = os.path.join(CONF.state_dir, "nova_lite.sqlite")
    if not CONF.database.connection and not os.path.exists(path):
        raise exceptions.Misconfigured(problem=f"There is no database {path}.",
                                      remedy="Give --state-dir DIR of a cloud, or --config-file FILE that names its "
                                             f"database.{state_dir.other_than(os.path.abspath(CONF.state_dir))}")


class _Names:
    """Names of users and projects that this cloud keeps itself."""

    def __init__(self, session):
        self._session = session

    def of(self, kind, id):
        from nova_lite.db import identity
        row = identity.get(self._session, kind, id)
        return f"{row.name} ({id})" if row is not None else id or "-"


# ---- what is shown: trees are (text, [trees])

def _tree(operation, steps, names):
    route = operation.route or "a request whose route was not recorded"
    title = (f"{action(operation.name)} of {operation.display_name or 'a purged server'} ({operation.resource_id}): "
             f"{_end(operation)}")
    asked = [(f"asked {operation.created_at:%Y-%m-%d %H:%M:%S.%f} UTC by user {names.of('user', operation.user_id)} of "
              f"project {names.of('project', operation.project_id)}", []),
             (f"request {operation.request_id}", []),
             (route, _lines(operation_path.asked(operation)))]
    parts = [_part(operation, attempt, list(group)) for attempt, group in
             itertools.groupby(steps, lambda step: (step.attempt, step.host is None or step.name == "schedule"))]
    if not steps:
        parts = [(f"no step has started; it waits for {operation.place}" if operation.finished_at is None
                  else f"no step was journalled; last at {operation.place}", _lines(_way_to(operation)))]
    return title, [*asked, *parts, (_ending(operation), [])]


def _way_to(operation):
    """Calls to the place where the operation waits."""
    if operation.place == "conductor":
        return operation_path.at_conductor(operation.name, [])
    return operation_path.at_host(operation.name)


def _part(operation, key, steps):
    """One attempt at one place."""
    attempt, conducted = key
    if conducted:
        place, calls = "at the conductor", operation_path.at_conductor(operation.name, steps)
    else:
        place, calls = f"on host {steps[0].host}", operation_path.at_host(operation.name)
    return f"attempt {attempt} {place}", [*_lines(calls), *(_step(operation, each) for each in steps)]


def _step(operation, step):
    began = (step.started_at - operation.created_at).total_seconds()
    took = "" if step.finished_at is None else f"{(step.finished_at - step.started_at).total_seconds():.3f} s"
    text = f"{'step':<{_WIDE}}{step.name:<{_NAME}} +{began:.3f} s  {took:>9}  {step.outcome or 'running'}"
    if step.detail or step.decision:
        text += f": {step.detail or decision.brief(step.decision)}"
    return text, _lines(operation_path.of_step(step))


def _lines(calls):
    """Leaves that show calls."""
    return [(f"{floor:<{_WIDE}}{name:<{_NAME}} {where}", [])
            for floor, name, where in ((each.floor, *each.place.split(" ")) for each in calls)]


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
