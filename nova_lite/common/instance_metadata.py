"""What a guest may know of itself, in OpenStack's and EC2's formats: the same for config drive and metadata service.

Formats: Nova's user guide, "Metadata"; network_data.json as its JSON schema there.
"""

import base64
import ipaddress
import os

import orjson

from nova_lite.common import ec2_metadata, local_disks

_VENDOR, _NETWORK, _DEVICES, _VENDOR2 = "2013-10-17", "2015-10-15", "2016-06-30", "2016-10-06"
VERSIONS = ("2012-08-10", "2013-04-04", _VENDOR, _NETWORK, _DEVICES, _VENDOR2, "2017-02-22", "2018-08-27", "2020-10-14",
            "2025-04-04")
LATEST = "latest"
#: Where the files are that a request brought, in the order of the request.
CONTENT = "content"


def documents(server, *, admin_pass=None):
    """{path: bytes} of everything, as on a config drive: "openstack/latest/meta_data.json", "ec2/latest/...".

    :param server: objects.Server.
    :param admin_pass: the password to set, which only a config drive carries.
    """
    made = {}
    shared = _Shared(server, admin_pass)
    for version in (*VERSIONS, LATEST):
        for name, content in shared.of(VERSIONS[-1] if version == LATEST else version).items():
            made[f"openstack/{version}/{name}"] = content
    for version in (ec2_metadata.VERSIONS[-1], LATEST):
        made[f"ec2/{version}/meta-data.json"] = orjson.dumps(ec2_metadata.tree(server, ec2_metadata.VERSIONS[-1]))
        if shared.user_data is not None:
            made[f"ec2/{version}/user-data"] = shared.user_data
    for number, each in enumerate(server.injected_files):
        made[f"openstack{_content_path(number)}"] = _decoded(each["contents"])
    return made


def _content_path(number):
    return f"/{CONTENT}/{number:04}"


class _Shared:
    """What several versions have in common, made once."""

    def __init__(self, server, admin_pass):
        self.user_data = user_data(server)
        self._server = server
        self._meta = _meta_data(server, admin_pass)
        self._network = orjson.dumps(network_data(server.nics))

    def of(self, version):
        """{name: bytes} of one version; a version has what was there when it was new."""
        files = {"meta_data.json": orjson.dumps(self._meta_of(version))}
        if self.user_data is not None:
            files["user_data"] = self.user_data
        if version >= _VENDOR:
            files["vendor_data.json"] = b"{}"
        if version >= _NETWORK:
            files["network_data.json"] = self._network
        if version >= _VENDOR2:
            files["vendor_data2.json"] = b'{"static":{}}'
        return files

    def _meta_of(self, version):
        made = dict(self._meta)
        if version >= "2013-04-04":
            made["random_seed"] = base64.b64encode(os.urandom(512)).decode()
        if version >= _NETWORK:
            made["project_id"] = self._server.project_id
        if version >= _DEVICES:
            made["devices"] = [*(_device(nic) for nic in self._server.nics if nic.tag), *_tagged_disks(self._server)]
        if version >= "2020-10-14":
            made["dedicated_cpus"] = []
        return made


def _meta_data(server, admin_pass):
    made = {"uuid": server.id, "hostname": ec2_metadata.hostname(server), "name": server.display_name,
            "launch_index": server.launch_index, "availability_zone": ec2_metadata.availability_zone(server)}
    if server.metadata:
        made["meta"] = dict(server.metadata)
    if server.key_name and server.public_key:
        made["public_keys"] = {server.key_name: server.public_key}
        made["keys"] = [{"name": server.key_name, "type": server.key_type or "ssh", "data": server.public_key}]
    if server.injected_files:
        made["files"] = [{"path": each["path"], "content_path": _content_path(number)}
                         for number, each in enumerate(server.injected_files)]
    if admin_pass:
        made["admin_pass"] = str(admin_pass)
    return made


def _device(nic):
    return {"type": "nic", "mac": nic.mac, "tags": [nic.tag], "bus": "none", "address": "none"}


def _tagged_disks(server):
    tags = [local_disks.root_of(server)[1],
            *(each.tag for each in local_disks.of(server.flavor, server.local_disks))]
    return [{"type": "disk", "bus": "none", "address": "none", "tags": [tag]} for tag in tags if tag]


def user_data(server):
    """The user's data as bytes; None where there is none."""
    return _decoded(server.user_data) if server.user_data else None


def _decoded(text):
    """As the request was checked: characters that are none of base64's, of whatever alphabet, count nothing."""
    return base64.b64decode(text.encode())


def network_data(nics):
    """network_data.json: a link a NIC, a network an address, and the name servers of those that DHCP does not name."""
    made = {"links": [], "networks": [], "services": []}
    for nic in nics:
        made["links"].append({"id": nic.tap, "vif_id": nic.port_id, "type": nic.vif_type, "mtu": nic.mtu,
                              "ethernet_mac_address": nic.mac})
        for address in nic.addresses:
            made["networks"].append(_network(nic, address, len(made["networks"])))
            if not address.dhcp or _mode(address):
                made["services"] += [each for each in _dns(address) if each not in made["services"]]
    return made


def _network(nic, address, number):
    made, mode = {"id": f"network{number}", "link": nic.tap, "network_id": nic.network_id}, _mode(address)
    if address.dhcp and not mode:
        return made | {"type": f"ipv{address.version}_dhcp"}
    network = ipaddress.ip_network(address.cidr)
    return made | {"type": f"ipv{address.version}{mode and '_' + mode}", "ip_address": address.ip,
                   "netmask": str(network.netmask), "routes": _routes(address), "services": _dns(address)}


def _mode(address):
    """How guests of an IPv6 subnet get addresses, one of ipv6.MODES; "": nobody says."""
    return address.later("address_mode") or ""


def _routes(address):
    made = [_route(*each.split(",")) for each in (address.routes if address.obj_attr_is_set("routes") else ())]
    if address.gateway is not None:
        made.insert(0, _route("0.0.0.0/0" if address.version == 4 else "::/0", address.gateway))
    return made


def _route(destination, gateway):
    network = ipaddress.ip_network(destination)
    return {"network": str(network.network_address), "netmask": str(network.netmask), "gateway": gateway}


def _dns(address):
    return [{"type": "dns", "address": each} for each in address.dns]
