"""Begin to build servers: check everything, then rows, quota and operations in one transaction, then ring."""

import logging
import uuid

from nova_lite import db
from nova_lite.common import crypt, exception
from nova_lite.conf import CONF
from nova_lite.db import flavors, keypairs, operations, quotas, servers
from nova_lite.db.base import new_id, now
from nova_lite.objects.states import OPERATIONS, Task, Vm

LOG = logging.getLogger(__name__)
_GIB = 1 << 30


class Build:
    def __init__(self, image, network, conductor_rpc):
        self._image = image
        self._network = network
        self._rpc = conductor_rpc

    def create(self, context, request):
        """Accept one or more servers; they are durable when this returns.

        :param request: actions.build_request.CreateRequest.
        :returns: (rows of the new servers, reservation id).
        :raises BadRequest, Forbidden, Conflict: and nothing was made.
        """
        image = self._image_of(context, request)
        networks = self._network.validate(context, request.networks, request.max_count, request.security_groups)
        reservation_id = f"r-{uuid.uuid4().hex[:8]}"
        with db.writer() as session:
            flavor = _flavor_of(session, context, request, image)
            keypair = _keypair_of(session, context, request)
            count = quotas.reserve(session, context.project_id, request.min_count, request.max_count, flavor)
            base = _values(context, request, flavor, image, keypair, networks) | {"reservation_id": reservation_id}
            rows = [_one(base, request, index, count) for index in range(count)]
            servers.insert(session, rows)
            operation_ids = [self._record(session, context, request, row) for row in rows]
            made = servers.by_ids(session, [row["id"] for row in rows])
        self._rpc.build_servers(context, operation_ids)
        return made, reservation_id

    def _image_of(self, context, request):
        if not request.image_id:
            raise exception.ImageRequired()
        return self._image.for_server(context, request.image_id)

    @staticmethod
    def _record(session, context, request, row):
        args = {"admin_pass": crypt.seal(request.admin_pass)}
        if request.host:
            args["host"] = request.host
        return operations.record(session, context, OPERATIONS["create"], row["id"], Accepted(row["project_id"]), args)


class Accepted:
    """A server as ``operations.record`` sees it before any host has it."""

    vm_state = Vm.BUILDING
    host = None

    def __init__(self, project_id):
        self.project_id = project_id


def _flavor_of(session, context, request, image):
    flavor = flavors.usable(session, context, request.flavor_id)
    if flavor is None:
        raise exception.BadFlavor()
    if flavor["memory_mb"] < image.min_ram:
        raise exception.FlavorMemoryTooSmall()
    needed = max(image.min_disk * _GIB, image.virtual_size or image.size)
    if flavor["root_gb"] and flavor["root_gb"] * _GIB < needed:
        raise exception.DiskTooSmall(flavor_bytes=flavor["root_gb"] * _GIB, image_bytes=needed)
    return flavor


def _keypair_of(session, context, request):
    if request.key_name is None:
        return None
    found = keypairs.find(session, context.user_id, request.key_name)
    if found is None:
        raise exception.BadKeyName()
    return found


def _values(context, request, flavor, image, keypair, networks):
    """The columns that all servers of one request share."""
    return {
        "project_id": context.project_id, "user_id": context.user_id, "description": request.description,
        "vm_state": Vm.BUILDING, "task_state": Task.SCHEDULING, "availability_zone": request.availability_zone,
        "image_id": image.id, "image_properties": dict(image.properties), "flavor": dict(flavor),
        "key_name": request.key_name, "public_key": keypair and keypair.public_key,
        "key_type": keypair and keypair.type,
        "user_data": request.user_data, "config_drive": bool(request.config_drive) or CONF.compute.force_config_drive,
        "metadata": request.metadata, "tags": request.tags, "scheduler_hints": request.scheduler_hints,
        "disk_config": request.disk_config, "access_ipv4": request.access_ipv4, "access_ipv6": request.access_ipv6,
        "requested_networks": networks, "requested_groups": request.security_groups, "created_at": now(),
    }


def _one(base, request, index, count):
    """The columns of the ``index``-th of ``count`` servers, named as Nova names them."""
    suffix = f"-{index + 1}" if count > 1 else ""
    return base | {"id": new_id(), "display_name": f"{request.name}{suffix}", "hostname": f"{request.hostname}{suffix}",
                   "launch_index": index}
