"""What a server's interfaces and security groups look like to Nova's clients, who know ports by other names."""


def interface(req, port):
    shown = {"net_id": port["network_id"], "port_id": port["id"], "mac_addr": port["mac_address"],
             "port_state": port["status"], "fixed_ips": port["fixed_ips"]}
    if req.at_least("2.70"):
        shown["tag"] = port["tag"]
    return shown


def security_group(group, names):
    """A group with its rules for what comes in, which is all this form can say.

    :param names: {id: name} of groups that rules may speak of.
    """
    return {"id": group["id"], "name": group["name"], "description": group["description"],
            "tenant_id": group["project_id"],
            "rules": [_rule(group, rule, names) for rule in group["rules"] if rule["direction"] == "ingress"]}


def _rule(group, rule, names):
    shown = {"id": rule["id"], "parent_group_id": group["id"], "ip_protocol": rule["protocol"],
             "from_port": rule["port_range_min"], "to_port": rule["port_range_max"], "group": {}, "ip_range": {}}
    other = rule["remote_group_id"]
    if other:
        shown["group"] = {"name": names.get(other, other), "tenant_id": group["project_id"]}
    else:
        anywhere = "::/0" if rule["ethertype"] == "IPv6" else "0.0.0.0/0"
        shown["ip_range"] = {"cidr": rule["remote_ip_prefix"] or anywhere}
    return shown
