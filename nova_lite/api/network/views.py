"""Networks, subnets, ports and security groups as Neutron shows them."""

import ipaddress

import orjson

from nova_lite.network import dns_names
from nova_lite.objects import qos_rules

_LARGEST = 2 ** 63 - 1


def _moment(when):
    return when.isoformat(timespec="seconds") + "Z"


def _common(row):
    return {"id": row["id"], "name": row["name"], "description": row["description"], "project_id": row["project_id"],
            "tenant_id": row["project_id"], **_history(row)}


def _history(row):
    return {"tags": row.get("tags", []), "created_at": _moment(row["created_at"]),
            "updated_at": _moment(row["updated_at"]), "revision_number": row["revision"]}


def network(row, zones, provider=()):
    """:param zones: names of those that it is in.
    :param provider: names of those of its attributes that only administrators see and are to be shown.
    """
    shown = _common(row) | {
        "admin_state_up": row["admin_state_up"], "status": "ACTIVE", "shared": row["shared"], "mtu": row["mtu"],
        "ipv4_address_scope": row["ipv4_address_scope"], "ipv6_address_scope": row["ipv6_address_scope"],
        "subnets": row["subnets"], "router:external": row["router:external"], "dns_domain": row["dns_domain"],
        "port_security_enabled": row["port_security_enabled"], "qos_policy_id": row["qos_policy_id"],
        "availability_zone_hints": row["availability_zone_hints"] or [], "availability_zones": zones}
    if row["router:external"]:
        shown["is_default"] = bool(row["is_default"])
    physical = row["physical_network"]
    found = {"provider:network_type": "flat" if physical else "local", "provider:physical_network": physical,
             "provider:segmentation_id": None}
    return shown | {name: found[name] for name in provider}


def subnet(row):
    return _common(row) | {
        "network_id": row["network_id"], "ip_version": row["ip_version"], "cidr": row["cidr"],
        "gateway_ip": row["gateway_ip"], "enable_dhcp": row["enable_dhcp"], "allocation_pools": row["allocation_pools"],
        "dns_nameservers": row["dns_nameservers"], "host_routes": row["host_routes"] or [],
        "service_types": row["service_types"] or [],
        "subnetpool_id": row["subnetpool_id"],
        "ipv6_ra_mode": row["ipv6_ra_mode"], "ipv6_address_mode": row["ipv6_address_mode"],
        "router:external": row["router:external"]}


def agent(row):
    moments = {name: row[name] and row[name].strftime("%Y-%m-%d %H:%M:%S")
               for name in ("created_at", "heartbeat_timestamp")}
    return row | moments | {"started_at": moments["created_at"], "resource_versions": {}, "resources_synced": None,
                            "ha_chassis_priority": None}


def ip_availability(row):
    subnets = [_counted(each) for each in row["subnet_ip_availability"]]
    return _counted(row) | {"tenant_id": row["project_id"], "subnet_ip_availability": subnets}


def _counted(row):
    """Numbers of addresses have up to 128 bits, for which the JSON library has no type of its own."""
    return row | _large(row) | {
        "ip_availability_details": row["ip_availability_details"] | _large(row["ip_availability_details"])}


def _large(counts):
    return {name: orjson.Fragment(str(number)) for name, number in counts.items()
            if isinstance(number, int) and number > _LARGEST}


def address_scope(row):
    names = ("id", "project_id", "name", "ip_version", "shared")
    return {name: row[name] for name in names} | {"tenant_id": row["project_id"]}


def subnet_pool(row):
    """Lengths of prefixes are texts, as Neutron's are."""
    lengths = ("min_prefixlen", "max_prefixlen", "default_prefixlen")
    names = ("ip_version", "prefixes", "default_quota", "is_default", "shared", "address_scope_id")
    return _common(row) | {name: row[name] for name in names} | {name: str(row[name]) for name in lengths}


def segment(row):
    names = ("id", "network_id", "name", "description", "network_type", "physical_network", "segmentation_id")
    return {name: row[name] for name in names} | _history(row)


def trunk(row):
    return _common(row) | {"port_id": row["port_id"], "admin_state_up": row["admin_state_up"],
                           "status": row["status"], "sub_ports": [_subport(each) for each in row["sub_ports"]]}


def _subport(row):
    return {name: row[name] for name in ("port_id", "segmentation_type", "segmentation_id")}


def port(row):
    """With all that operators see; of the parent of a trunk also the trunk."""
    carried = row.get("trunk_id") and {"trunk_details": {"trunk_id": row["trunk_id"], "sub_ports": row["trunk_ports"]}}
    return _port(row) | (carried or {})


def _port(row):
    name = row["dns_name"] or row.get("server_hostname") or ""
    return _common(row) | {
        "network_id": row["network_id"], "mac_address": row["mac_address"],
        "admin_state_up": row["admin_state_up"], "status": row["status"],
        "device_id": row["server_id"] or row["device_id"], "device_owner": row["device_owner"],
        "fixed_ips": row["fixed_ips"], "security_groups": row["security_groups"],
        "allowed_address_pairs": row["allowed_address_pairs"] or [],
        "extra_dhcp_opts": row["extra_dhcp_opts"] or [], "dns_name": name, "dns_domain": row["dns_domain"],
        "dns_assignment": dns_names.assignment(name, row["fixed_ips"]),
        "port_security_enabled": row["port_security_enabled"],
        "qos_policy_id": row["qos_policy_id"], "qos_network_policy_id": row["qos_network_policy_id"],
        "binding:vnic_type": row["vnic_type"], "binding:host_id": row["host"],
        "binding:profile": row["binding_profile"] or {}, "binding:vif_details": row["vif_details"] or {},
        "binding:vif_type": row["vif_type"]}


def router(row, zones):
    """With all that operators see.  :param zones: names of those that it is in."""
    gateway = row["gateway"]
    info = gateway and {"network_id": gateway["network_id"], "enable_snat": row["enable_snat"],
                        "external_fixed_ips": gateway["fixed_ips"]}
    if gateway and (row["qos_policy_id"] or gateway["qos_network_policy_id"]):
        info["qos_policy_id"] = row["qos_policy_id"]
    return _common(row) | {
        "admin_state_up": row["admin_state_up"], "status": "ACTIVE", "distributed": False, "ha": False,
        "external_gateway_info": info,
        "routes": row["routes"], "availability_zone_hints": row["availability_zone_hints"] or [],
        "availability_zones": zones, "flavor_id": None}


def router_interface(router, interface):
    """An interface that a router got or lost, on its subnets."""
    subnets = interface["subnet_ids"]
    return {"id": router["id"], "project_id": interface["project_id"], "tenant_id": interface["project_id"],
            "port_id": interface["port_id"], "network_id": interface["network_id"], "subnet_id": subnets[-1],
            "subnet_ids": subnets}


def floating_ip(row):
    names = ("id", "project_id", "description", "floating_network_id", "floating_ip_address", "router_id",
             "fixed_ip_address", "dns_name", "dns_domain", "qos_policy_id", "qos_network_policy_id")
    return {name: row[name] for name in names} | {
        "tenant_id": row["project_id"], "port_id": row["fixed_port_id"], **_history(row),
        "status": "ACTIVE" if row["router_id"] else "DOWN", "port_details": row["port"] and _details(row["port"]),
        "port_forwardings": [_brief(each) for each in row["port_forwardings"]]}


def _details(port):
    names = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
    return {name: getattr(port, name) for name in names}


def port_forwarding(row):
    return _brief(row) | {"description": row["description"], **{
        f"{side}_port_range": f"{row[f'{side}_first']}:{row[f'{side}_last']}" for side in ("external", "internal")}}


def _brief(row):
    """As the floating IP shows it: of a range no port is named."""
    names = ("id", "protocol", "internal_ip_address", "internal_port_id")
    return {name: row[name] for name in names} | {
        f"{side}_port": row[f"{side}_first"] if row[f"{side}_first"] == row[f"{side}_last"] else None
        for side in ("external", "internal")}


def floating_ip_pool(subnet, project_id):
    return {"subnet_id": subnet["id"], "subnet_name": subnet["name"], "network_id": subnet["network_id"],
            "cidr": subnet["cidr"], "project_id": project_id, "tenant_id": project_id}


def rbac_policy(row):
    names = ("id", "project_id", "object_type", "object_id", "action")
    return {name: row[name] for name in names} | {"tenant_id": row["project_id"],
                                                  "target_tenant": row["target_project"]}


def qos_policy(row):
    return _common(row) | {"shared": row["shared"], "is_default": row["is_default"], "rules": [
        {"qos_policy_id": row["id"], "type": each["type"], **qos_rule(each)} for each in row["rules"]]}


def qos_rule(row):
    return {"id": row["id"], **{name: row[name] for name in qos_rules.TYPES[row["type"]]}}


def security_group(row):
    return _common(row) | {"stateful": row["stateful"], "shared": row["shared"],
                           "security_group_rules": [security_group_rule(each) for each in row["rules"]]}


def security_group_rule(row):
    names = ("id", "security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
             "remote_ip_prefix", "remote_group_id", "remote_address_group_id", "description", "project_id")
    return {name: row[name] for name in names} | {
        "tenant_id": row["project_id"], "normalized_cidr": _normal(row["remote_ip_prefix"]),
        "belongs_to_default_sg": bool(row["belongs_to_default_sg"]), **_history(row)}


def default_security_group_rule(row):
    names = ("id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
             "remote_group_id", "remote_address_group_id", "description", "used_in_default_sg",
             "used_in_non_default_sg")
    return {name: row[name] for name in names}


def address_group(row):
    names = ("id", "project_id", "name", "description", "addresses")
    return {name: row[name] for name in names} | {"tenant_id": row["project_id"]}


def _normal(prefix):
    return str(ipaddress.ip_network(prefix, strict=False)) if prefix else None
