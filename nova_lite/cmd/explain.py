"""``nova-lite explain``: why a server is where it is, or nowhere: each decision of the scheduler, host by host."""

import json
import os
import sys

from nova_lite.cmd import trace, up
from nova_lite.common import exception
from nova_lite.objects import decision


def run(arguments):
    """0, or 1 where nothing is known by that name."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
        told = decisions(arguments.wanted)
    except exception.NovaLiteError as error:
        print(f"nova-lite: {error}", file=sys.stderr)
        return 1
    print(json.dumps(told, indent=2) if arguments.json else "\n\n".join(map(_text, told)))
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
    found = [_told(operation, step) for operation in operations for step in steps.get(operation.id, ())
             if step.decision]
    if not found:
        raise exception.NotFound(f"No decision about a request or server {wanted} is recorded.")
    return found


def _told(operation, step):
    return {"operation": operation.name, "server": operation.server_id, "name": operation.display_name,
            "request_id": operation.request_id, "attempt": step.attempt, "at": f"{step.started_at:%Y-%m-%dT%H:%M:%SZ}",
            "error": step.detail, "decision": step.decision}


def _text(told):
    chosen = told["decision"]["chosen"]
    return "\n".join([
        f"{told['operation']} of {told['name'] or 'a purged server'} ({told['server']}), attempt {told['attempt']}, "
        f"{told['at']}",
        f"  asked   {decision.said(told['decision']['asked'])}",
        f"  found   {decision.counted(told['decision'])}",
        f"  chosen  {chosen or 'none'}", "",
        *(f"  {line}" for line in decision.table(told["decision"]))])
