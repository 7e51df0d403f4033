"""Networks, subnets, ports and security groups as Neutron shows them."""

import ipaddress


def _moment(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _common(row):
    return {"id": row["id"], "name": row["name"], "description": row["description"], "project_id": row["project_id"],
            "tenant_id": row["project_id"], **_history(row)}


def _history(row):
    return {"tags": [], "created_at": _moment(row["created_at"]), "updated_at": _moment(row["updated_at"]),
            "revision_number": row["revision"]}


def network(row, *, admin=False):
    """:param admin: also what only operators see."""
    shown = _common(row) | {
        "admin_state_up": True, "status": "ACTIVE", "shared": row["shared"], "mtu": row["mtu"],
        "subnets": row["subnets"], "router:external": False, "port_security_enabled": True,
        "availability_zone_hints": [], "availability_zones": [], "ipv4_address_scope": None,
        "ipv6_address_scope": None}
    if admin:
        shown |= {"provider:network_type": "local", "provider:physical_network": None,
                  "provider:segmentation_id": None}
    return shown


def subnet(row):
    return _common(row) | {
        "network_id": row["network_id"], "ip_version": row["ip_version"], "cidr": row["cidr"],
        "gateway_ip": row["gateway_ip"], "enable_dhcp": row["enable_dhcp"], "allocation_pools": row["allocation_pools"],
        "dns_nameservers": row["dns_nameservers"], "host_routes": [], "service_types": [], "subnetpool_id": None,
        "ipv6_ra_mode": None, "ipv6_address_mode": None, "router:external": False}


def port(row, *, admin=False):
    shown = _common(row) | {
        "network_id": row["network_id"], "mac_address": row["mac_address"], "admin_state_up": True,
        "status": "ACTIVE" if row["host"] else "DOWN", "device_id": row["server_id"] or row["device_id"],
        "device_owner": row["device_owner"], "fixed_ips": row["fixed_ips"], "security_groups": row["security_groups"],
        "allowed_address_pairs": [], "extra_dhcp_opts": [], "port_security_enabled": True,
        "binding:vnic_type": "normal"}
    if admin:
        shown |= {"binding:host_id": row["host"] or "", "binding:profile": {}, "binding:vif_details": {},
                  "binding:vif_type": "bridge" if row["host"] else "unbound"}
    return shown


def security_group(row):
    return _common(row) | {"stateful": True, "shared": False,
                           "security_group_rules": [security_group_rule(each) for each in row["rules"]]}


def security_group_rule(row):
    names = ("id", "security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
             "remote_ip_prefix", "remote_group_id", "description", "project_id")
    return {name: row[name] for name in names} | {
        "tenant_id": row["project_id"], "normalized_cidr": _normal(row["remote_ip_prefix"]),
        "remote_address_group_id": None, "belongs_to_default_sg": None, **_history(row)}


def _normal(prefix):
    return str(ipaddress.ip_network(prefix, strict=False)) if prefix else None
