"""Begin to build servers: check everything, then rows, quota and operations in one transaction, then notify."""

import uuid

from nova_lite import db
from nova_lite.common import crypt, exceptions, hardware, hostnames, local_disks
from nova_lite.common.hardware import properties
from nova_lite.compute.actions import server_groups
from nova_lite.conf import CONF
from nova_lite.db import flavors, hosts, keypairs, new_servers, operations, quotas
from nova_lite.db.base import new_id, now
from nova_lite.objects.states import OPERATIONS, Task, Vm

_GIB = 1 << 30
#: A flavor with a root disk of size 0, as large as the image, is for operators: nothing limits its size.
_ZERO_DISK = "os_compute_api:servers:create:zero_disk_flavor"
_FLAVOR = ("flavorid", "name", "vcpus", "memory_mb", "root_gb", "ephemeral_gb", "swap_mb", "rxtx_factor", "is_public",
           "extra_specs")


class Build:
    def __init__(self, image, network, conductor_rpc):
        self._image = image
        self._network = network
        self._rpc = conductor_rpc

    def create(self, context, request):
        """Create one or more servers; their rows are committed when this returns.

        :param request: actions.build_request.CreateRequest.
        :returns: (rows of the new servers, reservation id).
        :raises BadRequest, Forbidden, Conflict: nothing was created.
        """
        image = self._image_of(context, request)
        groups = request.security_groups or []
        networks = self._network.validate(context, request.networks, request.max_count, groups)
        reservation_id = f"r-{uuid.uuid4().hex[:8]}"
        most = request.max_count
        if not self._network.embedded:      # a remote service counts its quota outside of this transaction
            most = self._network.reserve(context.project_id, networks, request.min_count, most)
        with db.writer() as session:
            flavor = _flavor_of(session, context, request, image)
            _check_zone(session, request)
            base = _values(context, request, flavor, image) | {
                "reservation_id": reservation_id, "requested_networks": networks, "requested_groups": groups,
                **_keypair_of(session, context, request)}
            count = quotas.reserve(session, context.project_id, request.min_count, most, base["flavor"],
                                   context.user_id)
            if self._network.embedded:
                count = self._network.reserve(context.project_id, networks, request.min_count, count)
            base["group_id"] = server_groups.join(session, context, request.scheduler_hints, count)
            made = new_servers.insert(session, [_one(base, request, index) for index in range(count)])
            operation_ids = [self._record(session, context, request, row) for row in made]
        self._rpc.build_servers(context, operation_ids)
        return made, reservation_id

    def _image_of(self, context, request):
        if not request.image_id:
            raise exceptions.BadRequest("Invalid imageRef provided.")
        try:
            return self._image.for_server(context, request.image_id)
        except exceptions.ImageNotFound as error:
            raise exceptions.BadRequest("Can not find requested image") from error

    @staticmethod
    def _record(session, context, request, row):
        args = {"admin_pass": crypt.seal(request.admin_pass)}
        if request.host or request.node:
            args |= {"host": request.host, "node": request.node, "forced": request.forced}
        return operations.record(session, context, OPERATIONS["build_server"], row.id, row, args)


def _flavor_of(session, context, request, image):
    try:
        flavor = flavors.get(session, request.flavor_id, project_id=context.visible_project)
    except exceptions.FlavorNotFound as error:
        raise exceptions.BadRequest(str(error)) from error
    if not flavor.root_gb and not context.may(_ZERO_DISK):
        raise exceptions.Forbidden("Only volume-backed servers are allowed for flavors with zero disk.")
    check_fits(frozen(flavor), image)
    return flavor


def check_fits(flavor, image):
    """:param flavor: as servers keep it.

    :raises BadRequest, DiskTooSmall, ImageUnacceptable: nothing boots from an image, or it needs more than a flavor
        has, or contradicts it.
    """
    properties.check_bootable(image)
    memory_mb, root_gb = flavor["memory_mb"], flavor["root_gb"]
    if memory_mb < image.min_ram:
        raise exceptions.BadRequest("Flavor's memory is too small for requested image.")
    needed = max(image.min_disk * _GIB, image.virtual_size or image.size)
    if root_gb and root_gb * _GIB < needed:
        raise exceptions.DiskTooSmall(flavor_bytes=root_gb * _GIB, image_bytes=needed)
    hardware.check(hardware.Requirements.of(flavor, image))


def _check_zone(session, request):
    zone, default = request.availability_zone, CONF.scheduler.default_availability_zone
    if zone not in (None, default) and not hosts.has_zone(session, zone, default):
        raise exceptions.BadRequest("The requested availability zone is not available")


def _keypair_of(session, context, request):
    """The keypair's columns: a server keeps its key when the keypair is deleted."""
    if request.key_name is None:
        return {}
    try:
        keypair = keypairs.get(session, context.user_id, request.key_name)
    except exceptions.KeypairNotFound as error:
        raise exceptions.BadRequest("Invalid key_name provided.") from error
    return {"key_name": keypair.name, "public_key": keypair.public_key, "key_type": keypair.type}


def _values(context, request, flavor, image):
    """The columns that all servers of one request share."""
    return {
        "project_id": context.project_id, "user_id": context.user_id, "description": request.description,
        "vm_state": Vm.BUILDING, "task_state": Task.SCHEDULING, "availability_zone": request.availability_zone,
        "image_id": image.id, "image_properties": dict(image.properties), "flavor": frozen(flavor),
        "user_data": request.user_data, "injected_files": request.injected_files,
        "local_disks": local_disks.checked(frozen(flavor), request.local_disks, CONF.compute.max_local_block_devices),
        "config_drive": _with_drive(request, image),
        "metadata": request.metadata, "tags": request.tags, "scheduler_hints": request.scheduler_hints,
        "disk_config": request.disk_config, "access_ipv4": request.access_ipv4, "access_ipv6": request.access_ipv6,
        "created_at": now(),
    }


def _with_drive(request, image):
    return (request.config_drive or CONF.compute.force_config_drive
            or image.properties.get("img_config_drive") == "mandatory")


def frozen(flavor):
    """The flavor as the server's row keeps it, when the flavor itself is changed or deleted."""
    return {name: getattr(flavor, name) for name in _FLAVOR}


def _one(base, request, index):
    """The columns of the ``index``-th server; names of several servers are numbered as Nova does."""
    suffix = f"-{index + 1}" if request.max_count > 1 else ""
    server_id = new_id()
    name = f"{request.name}{suffix}"
    hostname = f"{request.hostname}{suffix}" if request.hostname else hostnames.from_name(name, server_id)
    return base | {"id": server_id, "display_name": name, "hostname": hostname, "launch_index": index}
