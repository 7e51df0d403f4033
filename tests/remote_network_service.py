"""A network service of somebody else's, in memory: networks, subnets, ports, groups and quotas, as it chooses them."""

import copy
import datetime
import ipaddress
import uuid

from tests.remote_services import Refused, Service

_COMMON = {"name": "", "description": "", "tags": [], "project_id": ""}
#: kind -> what a new one has where nobody says otherwise
_NEW = {
    "networks": {"shared": False, "router:external": False, "mtu": 1500, "subnets": [], "ipv4_address_scope": None,
                 "ipv6_address_scope": None, "admin_state_up": True, "port_security_enabled": True,
                 "dns_domain": "", "qos_policy_id": None, "is_default": None,
                 "availability_zone_hints": None, "physical_network": None},
    "subnets": {"ip_version": 4, "router:external": False, "gateway_ip": None, "enable_dhcp": True,
                "allocation_pools": [], "dns_nameservers": [], "subnetpool_id": None, "host_routes": [],
                "service_types": []},
    "ports": {"device_id": "", "device_owner": "", "host": "", "vnic_type": "normal", "vif_type": "bridge",
              "binding_profile": None, "vif_details": None, "up": False, "tag": None, "marker": None, "index": None,
              "owned": False, "security_groups": None, "fixed_ips": None, "admin_state_up": True,
              "port_security_enabled": True, "allowed_address_pairs": [], "extra_dhcp_opts": [],
              "dns_name": "", "dns_domain": "", "qos_policy_id": None, "qos_network_policy_id": None},
    "groups": {"rules": [], "shared": False, "stateful": True},
}


class NetworkService(Service):
    """:ivar limits: {project id: how many ports it may have}; without a limit, any number.
    :ivar is_slow: whether ports do not work as soon as they are bound to a host.
    """

    def __init__(self):
        super().__init__()
        self.limits = {}
        self.is_slow = False
        self._macs = 0

    def copy(self):
        """Another one that knows the same."""
        return copy.deepcopy(self)

    def of_kind(self, kind, **wanted):
        return [each for each in self.things.values()
                if each["kind"] == kind and all(each[name] == value for name, value in wanted.items())]

    def _get(self, kind, *rest, query=""):
        if kind == "limits":
            return self.limits.get(rest[0], -1)
        if rest:
            return self._known(kind, rest[0])
        return super()._get(kind, query)

    def _post(self, kind, query, **values):
        made = {"kind": kind, "id": str(uuid.uuid4()), "revision": 1, "made_at": _now(), "changed_at": _now(),
                **copy.deepcopy(_COMMON | _NEW[kind]), **values}
        prepare = getattr(self, f"_new_{kind}", None)
        if prepare is not None:
            prepare(made)
        self.things[made["id"]] = made
        self._bound(made)
        return made

    def _bound(self, thing):
        if "host" in thing and not (self.is_slow and thing["host"]):
            thing["up"] = bool(thing["host"])

    def _put(self, kind, thing_id, query, **values):
        if kind == "limits":
            self.limits[thing_id] = values["port"]
            return values["port"]
        found = self._known(kind, thing_id)
        if values.pop("if_free", False) and found["device_id"] not in ("", values["device_id"]):
            raise Refused(409, f"Port {thing_id} is still in use.")
        if "fixed_ips" in values:
            values["fixed_ips"] = [self._address(found, each) for each in values["fixed_ips"]]
        found.update(values, revision=found["revision"] + 1, changed_at=_now())
        if "host" in values:
            self._bound(found)
        return found

    def _delete(self, kind, thing_id, query):
        found = self._known(kind, thing_id)
        if kind == "networks":
            if self.of_kind("ports", network_id=thing_id):
                raise Refused(409, f"There are ports on network {thing_id}.")
            for each in self.of_kind("subnets", network_id=thing_id):
                del self.things[each["id"]]
        return self.things.pop(found["id"])

    def _known(self, kind, thing_id):
        found = self.things.get(thing_id)
        if found is None or found["kind"] != kind:
            raise Refused(404, f"{kind} {thing_id} could not be found.")
        return found

    # ---- new ones

    def _new_subnets(self, made):
        network = self._known("networks", made["network_id"])
        made["gateway_ip"] = made["gateway_ip"] or str(next(ipaddress.ip_network(made["cidr"]).hosts()))
        network["subnets"].append(made["id"])

    def _new_ports(self, made):
        self._known("networks", made["network_id"])
        limit = self.limits.get(made["project_id"], -1)
        if 0 <= limit <= len(self.of_kind("ports", project_id=made["project_id"])):
            raise Refused(409, "Quota exceeded for resources: ['port'].")
        self._macs += 1
        made["mac_address"] = "fa:16:3e:" + ":".join(f"{self._macs:06x}"[at:at + 2] for at in (0, 2, 4))
        wanted = made["fixed_ips"]
        if wanted is None:
            wanted = [{}] if self.of_kind("subnets", network_id=made["network_id"]) else []
        made["fixed_ips"] = [self._address(made, each) for each in wanted]
        if made["security_groups"] is None:
            made["security_groups"] = [self._default_group(made["project_id"])]

    def _default_group(self, project_id):
        found = self.of_kind("groups", project_id=project_id, name="default")
        return (found[0] if found else self._post("groups", "", name="default", project_id=project_id))["id"]

    def _address(self, port, wanted):
        """{"subnet_id", "ip_address"} for a port, of what is wanted of it, with the marker that this has."""
        return self._choose(port, wanted) | ({"marker": wanted["marker"]} if wanted.get("marker") else {})

    def _choose(self, port, wanted):
        taken = {each["ip_address"]: one["id"] for one in self.of_kind("ports", network_id=port["network_id"])
                 for each in one["fixed_ips"]}
        for subnet in self.of_kind("subnets", network_id=port["network_id"]):
            addresses = ipaddress.ip_network(subnet["cidr"])
            if wanted.get("ip_address"):
                if ipaddress.ip_address(wanted["ip_address"]) not in addresses:
                    continue
                if taken.get(wanted["ip_address"], port["id"]) != port["id"]:
                    raise Refused(409, f"IP address {wanted['ip_address']} already allocated.")
                return {"subnet_id": subnet["id"], "ip_address": wanted["ip_address"]}
            for each in map(str, addresses.hosts()):
                if each not in taken and each != subnet["gateway_ip"]:
                    return {"subnet_id": subnet["id"], "ip_address": each}
        raise Refused(409, f"No more IP addresses available on network {port['network_id']}.")


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat()
