"""From a server to what the driver builds: pure, so that the same server always gives the same guest."""

from nova_lite.common import instance_metadata
from nova_lite.virt import driver


def guest(server, vifs, base=None, base_format=None, config_drive=None):
    """virt.driver.GuestSpec of a server.

    :param vifs: of the network's plug().  :param base: the image's file in the cache.
    :param config_drive: {path: bytes}, or None to have none.
    """
    return driver.GuestSpec(
        id=server.id, name=server.instance_name, title=server.display_name, project_id=server.project_id,
        user_id=server.user_id, vcpus=server.flavor.vcpus, memory_mb=server.flavor.memory_mb,
        disk=driver.Disk(base, base_format, server.flavor.root_gb), vifs=tuple(vifs), config_drive=config_drive,
        image_properties=dict(server.image.properties) if server.image else {},
        extra_specs=dict(server.flavor.extra_specs), flavor_name=server.flavor.name,
        image_id=server.image.id if server.image else None)


def config_drive(server):
    """The files of the server's config drive; None where it asked for none."""
    if not server.config_drive:
        return None
    return instance_metadata.documents(server, admin_pass=server.admin_pass)
