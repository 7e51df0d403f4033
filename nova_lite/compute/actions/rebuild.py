"""Begin to rebuild a server from an image."""

import json

from nova_lite import db
from nova_lite.common import crypt, exceptions
from nova_lite.compute.actions.build import check_fits
from nova_lite.compute.actions.limits import check_files
from nova_lite.db import keypairs, operations, quotas, servers
from nova_lite.objects.states import OPERATIONS


class Rebuild:
    def __init__(self, image, network, compute_rpc, conductor_rpc):
        self._image = image
        self._network = network
        self._compute = compute_rpc
        self._conductor = conductor_rpc

    def rebuild(self, context, server, image_id, values, *, admin_pass, preserve_ephemeral):
        """Change the server's attributes, begin the rebuild and return at once.

        Where the image differs from the server's, the scheduler first decides whether the host may run it.

        :param values: {column: value}; ``key_name`` takes the caller's keypair of that name, None takes the key away.
        :raises InvalidState, ServerLocked, BadRequest, MetadataLimitExceeded: nothing was changed.
        :raises FileLimitExceeded, FilePathLimitExceeded, FileContentLimitExceeded: likewise.
        """
        operation = OPERATIONS["rebuild_server"]
        with db.reader() as session:
            operations.check(session, context, server.id, operation)
        image = self._image_of(context, image_id)
        check_fits(server.flavor, image)
        args = {"admin_pass": crypt.seal(admin_pass), "before": json.dumps({
            "image_id": server.image_id, "image_properties": server.image_properties})}
        if preserve_ephemeral:
            args["preserve_ephemeral"] = "yes"
        with db.writer() as session:
            _check_limits(session, server, values)
            known = image.id == server.image_id
            operation_id, host = operations.begin(session, context, server.id, operation, args,
                                                  None if known else operations.CONDUCTOR)
            present = servers.get(session, server.id).hostname
            servers.update(session, server.id, image_id=image.id, image_properties=dict(image.properties),
                           **_with_key(session, context, values))
            if self._network.embedded and values.get("hostname", present) != present:
                self._network.rename(server.id)
        if known:
            self._compute.rebuild_server(context, host, operation_id)
        else:
            self._conductor.rebuild_server(context, operation_id)

    def _image_of(self, context, image_id):
        try:
            return self._image.for_server(context, image_id)
        except exceptions.ImageNotFound as error:
            raise exceptions.BadRequest("Cannot find image for rebuild") from error


def _check_limits(session, server, values):
    limits = quotas.limits(session, server.project_id)
    if 0 <= limits["metadata_items"] < len(values.get("metadata", ())):
        raise exceptions.MetadataLimitExceeded(limit=limits["metadata_items"])
    check_files(limits, values["injected_files"])


def _with_key(session, context, values):
    if "key_name" not in values:
        return values
    if values["key_name"] is None:
        return {**values, "public_key": None, "key_type": None}
    try:
        keypair = keypairs.get(session, context.user_id, values["key_name"])
    except exceptions.KeypairNotFound as error:
        raise exceptions.BadRequest("Invalid key_name provided.") from error
    return {**values, "public_key": keypair.public_key, "key_type": keypair.type}
