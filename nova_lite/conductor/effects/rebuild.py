"""What a rebuild changes in the database: nothing is left of the disk that the server had."""

import json

from nova_lite.conductor.effects.base import Launches
from nova_lite.db import history, servers


class RebuildServer(Launches):
    host_arguments = ("preserve_ephemeral",)

    def succeeded(self, session, operation, outcome):
        return super().succeeded(session, operation, outcome) | {"base_image_ids": []}

    def failed(self, session, operation, failure):
        """Where the old guest's end had not started, the server has the image it had: its disk still lies over that."""
        before = operation.args.get("before")
        if before and "destroy" not in {each.name for each in history.steps(session, operation.id)}:
            servers.update(session, operation.resource_id, **json.loads(before))
