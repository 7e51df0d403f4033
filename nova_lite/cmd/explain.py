"""``nova-lite explain``: why a server is where it is, or nowhere: each decision of the scheduler, host by host."""

import json
import os
import sys

from nova_lite.cmd import trace, up
from nova_lite.common import exceptions
from nova_lite.objects import decision
from nova_lite.objects.states import action


def run(arguments):
    """0, or 1 where nothing is known by that name."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
        found = decisions(arguments.wanted)
    except exceptions.NovaLiteError as error:
        print(f"nova-lite: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2) if arguments.json else "\n\n".join(map(_text, found)))
    return 0


def decisions(wanted):
    """Every decision about a server (its id or name) or of a request (its id), oldest first.

    :returns: [{"operation", "server", "name", "request_id", "attempt", "at", "error", "decision"}], the last as
        objects/decision.py describes it.
    :raises Misconfigured: there is no database.  :raises NotFound: none is recorded.
    """
    from nova_lite import db
    from nova_lite.db import timeline
    trace.check_database()
    with db.reader() as session:
        operations = timeline.operations(session, wanted)
        steps = timeline.steps(session, [each.id for each in operations])
    found = [_entry(operation, step) for operation in operations for step in steps.get(operation.id, ())
             if step.decision]
    if not found:
        raise exceptions.NotFound(f"No decision about a request or server {wanted} is recorded.")
    return found


def _entry(operation, step):
    return {"operation": action(operation.name), "server": operation.resource_id, "name": operation.display_name,
            "request_id": operation.request_id, "attempt": step.attempt, "at": f"{step.started_at:%Y-%m-%dT%H:%M:%SZ}",
            "error": step.detail, "decision": step.decision}


def _text(made):
    chosen = made["decision"]["chosen"]
    return "\n".join([
        f"{made['operation']} of {made['name'] or 'a purged server'} ({made['server']}), attempt {made['attempt']}, "
        f"{made['at']}",
        f"  asked   {decision.said(made['decision']['asked'])}",
        f"  found   {decision.counted(made['decision'])}",
        f"  chosen  {chosen or 'none'}", "",
        *(f"  {line}" for line in decision.table(made["decision"]))])
