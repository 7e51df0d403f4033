"""Begin to make a server anew from an image."""

import json

from nova_lite import db
from nova_lite.common import crypt, exception
from nova_lite.compute.actions.build import check_fits
from nova_lite.db import keypairs, operations, quotas, servers
from nova_lite.objects.states import OPERATIONS


class Rebuild:
    def __init__(self, image, compute_rpc, conductor_rpc):
        self._image = image
        self._compute = compute_rpc
        self._conductor = conductor_rpc

    def rebuild(self, context, server, image_id, values, *, admin_pass, preserve_ephemeral):
        """Return at once; what is asked of the server's own attributes is so already.

        Whether its host may run another image than the server has, the scheduler is asked before anything happens.

        :param values: {column: value}; ``key_name`` takes the caller's keypair of that name, None takes the key away.
        :raises InvalidState, ServerLocked, BadRequest, MetadataLimitExceeded: and nothing was changed.
        """
        operation = OPERATIONS["rebuild"]
        with db.reader() as session:
            operations.check(session, context, server.id, operation)
        image = self._image_of(context, image_id)
        check_fits(server.flavor, image)
        args = {"admin_pass": crypt.seal(admin_pass), "before": json.dumps({
            "image_id": server.image_id, "image_properties": server.image_properties})}
        if preserve_ephemeral:
            args["preserve_ephemeral"] = "yes"
        with db.writer() as session:
            _check_metadata(session, server, values)
            known = image.id == server.image_id
            operation_id, host = operations.begin(session, context, server.id, operation, args,
                                                  None if known else operations.CONDUCTOR)
            servers.update(session, server.id, image_id=image.id, image_properties=dict(image.properties),
                           **_with_key(session, context, values))
        if known:
            self._compute.rebuild_server(context, host, operation_id)
        else:
            self._conductor.rebuild_server(context, operation_id)

    def _image_of(self, context, image_id):
        try:
            return self._image.for_server(context, image_id)
        except exception.ImageNotFound as error:
            raise exception.BadRequest("Cannot find image for rebuild") from error


def _check_metadata(session, server, values):
    limit = quotas.limits(session, server.project_id)["metadata_items"]
    if 0 <= limit < len(values.get("metadata", ())):
        raise exception.MetadataLimitExceeded(limit=limit)


def _with_key(session, context, values):
    if "key_name" not in values:
        return values
    if values["key_name"] is None:
        return {**values, "public_key": None, "key_type": None}
    try:
        keypair = keypairs.get(session, context.user_id, values["key_name"])
    except exception.KeypairNotFound as error:
        raise exception.BadRequest("Invalid key_name provided.") from error
    return {**values, "public_key": keypair.public_key, "key_type": keypair.type}
