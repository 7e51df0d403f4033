"""A server in the format of EC2's metadata service, whose paths are the keys of a tree."""

from nova_lite.common import local_disks
from nova_lite.conf import CONF

VERSIONS = ("1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
            "2009-04-04")
#: The key whose value a listing shows instead of its parent's name: EC2's "0=name" of public keys.
NAME = "_name"


def tree(server, version):
    """What is below "/VERSION/meta-data/": a dict of texts, lists and dicts.

    :param version: one of VERSIONS; each has what was there when it was new.
    """
    name = hostname(server)
    made = {"ami-id": _ami(server), "ami-launch-index": server.launch_index, "ami-manifest-path": "FIXME",
            "instance-id": f"i-{server.number:08x}", "hostname": name, "local-ipv4": _address(server),
            "reservation-id": server.reservation_id or ""}
    if server.key_name and server.public_key:
        made["public-keys"] = {"0": {NAME: f"0={server.key_name}", "openssh-key": server.public_key}}
    for since, more in _later(server, name):
        if version >= since:
            made |= more
    return made


def _later(server, name):
    return (
        ("2007-01-19", {"local-hostname": name, "public-hostname": name, "public-ipv4": _floating_ip(server)}),
        ("2007-08-29", {"instance-type": server.flavor.name}),
        ("2007-12-15", {"block-device-mapping": _block_devices(server)}),
        ("2008-02-01", {"placement": {"availability-zone": availability_zone(server)}}),
        ("2008-09-01", {"instance-action": "none"}),
    )


def _block_devices(server):
    """Where the guest finds its disks, which is how cloud-init comes to mount them."""
    disks = local_disks.of(server.flavor, server.local_disks)
    found = local_disks.devices(disks, local_disks.root_of(server)[0])
    named = {each.name.replace("disk.eph", "ephemeral").replace("disk.", ""): f"/dev/{found[each.name]}"
             for each in disks}
    root = found[local_disks.ROOT]
    return {"ami": root, "root": f"/dev/{root}", **named}


def hostname(server):
    """The guest's full name: a name that has a domain keeps it."""
    domain = CONF.network.dns_domain
    return f"{server.hostname}.{domain}" if domain and "." not in server.hostname else server.hostname


def availability_zone(server):
    return server.availability_zone or "nova"


def _ami(server):
    """EC2's ids are eight hexadecimal digits: those that the image's id begins with."""
    return f"ami-{server.image.id[:8]}" if server.image else "None"


def _address(server):
    return next((each.ip for nic in server.nics for each in nic.addresses if each.version == 4), "")


def _floating_ip(server):
    return next((ip for nic in server.nics for ip in nic.later("floating_ips")), "")


def find(found, parts):
    """The value at a path of the tree; None where nothing is."""
    for part in parts:
        if not isinstance(found, dict) or part == NAME or part not in found:
            return None
        found = found[part]
    return found


def render(value):
    """A value as text: a dict lists its keys, and those with more below end in "/"."""
    if isinstance(value, dict):
        return "\n".join(_line(key, value[key]) for key in sorted(value) if key != NAME)
    if isinstance(value, list):
        return "\n".join(str(each) for each in value)
    return str(value)


def _line(key, value):
    if not isinstance(value, dict):
        return key
    return value.get(NAME, f"{key}/")
