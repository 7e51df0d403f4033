"""What other services' resources look like through the compute API."""

_STATUS = {"active": ("ACTIVE", 100), "queued": ("SAVING", 25), "importing": ("SAVING", 50), "saving": ("SAVING", 50),
           "killed": ("ERROR", 0), "deleted": ("DELETED", 0), "pending_delete": ("DELETED", 0)}
_NETWORK = ("cidr", "netmask", "gateway", "broadcast", "dns1", "dns2", "cidr_v6", "gateway_v6", "netmask_v6")
_NETWORK_ADMIN = (
    "created_at", "updated_at", "deleted_at", "deleted", "injected", "bridge", "vlan", "vpn_public_address",
    "vpn_public_port", "vpn_private_address", "dhcp_start", "project_id", "host", "bridge_interface", "multi_host",
    "priority", "rxtx_base", "mtu", "dhcp_server", "enable_dhcp", "share_address")


def image_links(req, links, image_id):
    alternate = {"rel": "alternate", "type": "application/vnd.openstack.image",
                 "href": f"{req.root_url}/image/images/{image_id}"}
    return [*links.of("images", image_id), alternate]


def image_brief(req, links, row):
    return {"id": row.id, "name": row.name, "links": image_links(req, links, row.id)}


def image(req, links, row):
    """One image whole; what a snapshot was made of is a link."""
    status, progress = _STATUS.get(row.status, ("UNKNOWN", 0))
    shown = {"id": row.id, "name": row.name, "minRam": row.min_ram, "minDisk": row.min_disk,
             "metadata": row.properties, "created": _utc(row.created_at), "updated": _utc(row.updated_at),
             "status": status, "progress": progress, "OS-EXT-IMG-SIZE:size": row.size or 0}
    server_id = row.properties.get("instance_uuid")
    if server_id:
        shown["server"] = {"id": server_id, "links": links.of("servers", server_id)}
    automatic = row.properties.get("auto_disk_config")
    if automatic is not None:
        shown["OS-DCF:diskConfig"] = "AUTO" if str(automatic).lower() in ("true", "1", "yes", "on") else "MANUAL"
    return shown | {"links": image_links(req, links, row.id)}


def network(req, row):
    """Of a network the network service keeps, its name is all that these clients ever got."""
    names = (*_NETWORK, *_NETWORK_ADMIN) if req.context.is_admin else _NETWORK
    return {"id": row["id"], "label": row["name"], **dict.fromkeys(names)}


def tenant_network(row):
    return {"id": row["id"], "cidr": "None", "label": row["name"]}


def group(row, others):
    """:param others: {group id: group} of those that its rules let in."""
    rules = [rule(each, others) for each in row["rules"] if each["direction"] == "ingress"]
    return {"id": row["id"], "description": row["description"], "name": row["name"], "tenant_id": row["project_id"],
            "rules": sorted(rules, key=lambda each: each["id"])}


def rule(row, others):
    shown = {"id": row["id"], "parent_group_id": row["security_group_id"], "ip_protocol": row["protocol"],
             "from_port": row["port_range_min"], "to_port": row["port_range_max"], "group": {}, "ip_range": {}}
    if row["protocol"] and row["port_range_min"] is None and row["port_range_max"] is None:
        ports = (1, 65535) if row["protocol"].lower() in ("tcp", "udp") else (-1, -1)
        shown["from_port"], shown["to_port"] = ports
    other = others.get(row["remote_group_id"])
    if other:
        shown["group"] = {"name": other["name"], "tenant_id": other["project_id"]}
    elif not row["remote_group_id"]:
        everything = "0.0.0.0/0" if row["ethertype"] == "IPv4" else "::/0"
        shown["ip_range"] = {"cidr": row["remote_ip_prefix"] or everything}
    return shown


def _utc(moment):
    return moment.isoformat(timespec="seconds") + "Z"


def floating_ip(row):
    port = row["port"]
    return {"id": row["id"], "ip": row["floating_ip_address"], "fixed_ip": row["fixed_ip_address"],
            "instance_id": port.device_id if port else None, "pool": row["pool"]}
