"""The body of a create, checked for sense and translated into the house's words."""

import ipaddress
import secrets

from oslo_utils import strutils, uuidutils

from nova_lite.api.compute import block_devices
from nova_lite.common import exceptions
from nova_lite.compute.actions.build_request import CreateRequest
from nova_lite.conf import CONF

_POLICY = "os_compute_api:servers:create"
_PASSWORD = ("23456789", "ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz")       # without what looks alike


def read(req, compute):
    """The CreateRequest of ``req``, whose body a schema has accepted; the rules of what it asks are asked.

    :param compute: the facade, which knows zones, hosts and limits.
    :raises BadRequest, Forbidden: in Nova's order and words.
    """
    server, context = req.body_json["server"], req.context
    minimum = int(server.get("min_count", 1))
    maximum = int(server.get("max_count", minimum))
    if minimum > maximum:
        raise exceptions.BadRequest("min_count must be <= max_count")
    target = {"project_id": context.project_id, "user_id": context.user_id,
              "availability_zone": server.get("availability_zone")}
    context.can(_POLICY, target)
    context.need_project(_POLICY)
    _check_certificates(context, server, target)
    place = _place(context, server, target, compute.hosts)
    disks = block_devices.read(server)
    if server.get("block_device_mapping") or server.get("block_device_mapping_v2"):
        context.can(f"{_POLICY}:attach_volume", target)
    image_id = _image(server)
    networks = _networks(context, server, target)
    if server.get("hostname") and maximum > 1:
        raise exceptions.BadRequest("Unable to allocate a single hostname to multiple instances")
    if server.get("metadata"):
        compute.limits.check_metadata(context, len(server["metadata"]))
    compute.limits.check_files(context, server.get("personality"))
    groups = server.get("security_groups")
    name = server["name"].strip()
    return CreateRequest(
        name=name, description=server.get("description") if req.at_least("2.19") else name,
        hostname=server.get("hostname"), flavor_id=str(server["flavorRef"]).rpartition("/")[2], image_id=image_id,
        admin_pass=server.get("adminPass") or new_password(), networks=networks, key_name=server.get("key_name"),
        metadata=server.get("metadata", {}), tags=sorted(set(server.get("tags", ()))),
        user_data=server.get("user_data"), injected_files=server.get("personality", []), local_disks=disks,
        config_drive=strutils.bool_from_string(server.get("config_drive", False)),
        security_groups=None if groups is None else list(dict.fromkeys(each["name"] for each in groups if each)),
        min_count=minimum, max_count=maximum, disk_config=server.get("OS-DCF:diskConfig", "MANUAL"),
        access_ipv4=server.get("accessIPv4"), access_ipv6=short(server.get("accessIPv6")), scheduler_hints=_hints(req),
        return_reservation_id=strutils.bool_from_string(server.get("return_reservation_id", False)), **place)


def short(address):
    """An IPv6 address as RFC 5952 writes it: what is shown is the same however it was given, and fits its column."""
    return address and str(ipaddress.ip_address(address))


def _check_certificates(context, server, target):
    if server.get("trusted_image_certificates"):
        context.can(f"{_POLICY}:trusted_certs", target)
        refuse_certificates()


def refuse_certificates():
    raise exceptions.BadRequest("Certificate validation is not supported: image signatures are not verified here.")


def _place(context, server, target, hosts):
    """Where it must go, as CreateRequest's fields: by zone, "zone:host[:node]", or ``host`` (from 2.74).

    A forced host need not be in the zone beside it, nor be there at all: that is the scheduler's to say.
    """
    zone, *place = _parse_zone(server.get("availability_zone"))
    forced = any(place)
    if forced:
        context.can(f"{_POLICY}:forced_host", target)
        zone = zone if zone == hosts.zone_of(context, place[0]) else None
    asked = [server.get("host"), server.get("hypervisor_hostname")]
    if any(asked):
        context.can("compute:servers:create:requested_destination", target)
        if forced:
            raise exceptions.BadRequest("One mechanism with host and/or hypervisor_hostname and another mechanism with "
                                       "zone:host:node are mutually exclusive.")
        hosts.check_host(context, *asked)
    if zone is not None and not forced:
        hosts.check_zone(context, zone)
    host, node = place if forced else asked
    return {"availability_zone": zone, "host": host, "node": node, "forced": forced}


def _parse_zone(text):
    if not text or ":" not in text:
        return text or None, None, None
    parts = text.split(":")
    if len(parts) > 3:
        raise exceptions.BadRequest("Invalid input received: Unable to parse availability_zone")
    zone, host, node = (*parts, None, None)[:3]
    return zone or None, host or None, node or None


def _image(server):
    image_id = server.get("imageRef")
    if not image_id:
        raise exceptions.BadRequest("Missing imageRef attribute")
    return image_id


def _networks(context, server, target):
    networks = server.get("networks")
    if networks is None or isinstance(networks, str):
        if networks == "auto":
            context.can(f"{_POLICY}:attach_network", target)
        return networks
    ports = set()
    made = [_network(each, ports) for each in networks]
    if made:
        context.can(f"{_POLICY}:attach_network", target)
    return made or None


def _network(asked, ports):
    port, ip = asked.get("port"), asked.get("fixed_ip")
    if port:
        if port in ports:
            raise exceptions.BadRequest(f"Port ID '{port}' was specified twice: you cannot attach a port multiple "
                                       "times.")
        if ip is not None:
            raise exceptions.BadRequest(f"Specified Fixed IP '{ip}' cannot be used with port '{port}': the two cannot "
                                       "be specified together.")
        ports.add(port)
    elif "uuid" not in asked:
        raise exceptions.BadRequest("Bad network format: missing 'uuid'")
    elif not uuidutils.is_uuid_like(asked["uuid"]):
        raise exceptions.BadRequest(f"Bad networks format: network uuid is not in proper format ({asked['uuid']})")
    return {"uuid": None if port else asked["uuid"], "port": port or None, "fixed_ip": ip and str(
        ipaddress.ip_address(ip)), "tag": asked.get("tag")}


def _hints(req):
    """{hint: [values]} under either name the body may have them."""
    body = req.body_json
    hints = body.get("os:scheduler_hints", body.get("OS-SCH-HNT:scheduler_hints", {}))
    return {name: value if isinstance(value, list) else [value] for name, value in hints.items()}


def new_password():
    """Characters of every kind, none of which looks like another."""
    length = CONF.compute_api.password_length
    made = [secrets.choice(kind) for kind in _PASSWORD]
    made += [secrets.choice("".join(_PASSWORD)) for _ in range(length - len(made))]
    secrets.SystemRandom().shuffle(made)
    return "".join(made)
