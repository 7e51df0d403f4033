"""What a rebuild that failed leaves in the database."""

import json

from nova_lite.db import history, servers


def failed(session, operation):
    """Where the old guest's end had not begun, the server has the image it had: its disk still lies over that."""
    before = operation.args.get("before")
    if before and "destroy" not in {each.name for each in history.steps(session, operation.id)}:
        servers.update(session, operation.server_id, **json.loads(before))
