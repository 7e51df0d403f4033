"""What limits and quotas look like in each microversion."""

from nova_lite.api.compute.schemas.quotas import FILES, GROUPS, NETWORK, RESOURCES

_LIMITS = (
    ("cores", "maxTotalCores"), ("floating_ips", "maxTotalFloatingIps"), ("injected_files", "maxPersonality"),
    ("injected_file_content_bytes", "maxPersonalitySize"), ("instances", "maxTotalInstances"),
    ("key_pairs", "maxTotalKeypairs"), ("metadata_items", "maxServerMeta"), ("metadata_items", "maxImageMeta"),
    ("ram", "maxTotalRAMSize"), ("security_groups", "maxSecurityGroups"),
    ("security_group_rules", "maxSecurityGroupRules"), ("server_groups", "maxServerGroups"),
    ("server_group_members", "maxServerGroupMembers"))
_USED = (("ram", "totalRAMUsed"), ("cores", "totalCoresUsed"), ("instances", "totalInstancesUsed"),
         ("floating_ips", "totalFloatingIpsUsed"), ("security_groups", "totalSecurityGroupsUsed"),
         ("server_groups", "totalServerGroupsUsed"))


def _hidden(req):
    """Resources that the request's version no longer knows."""
    return (NETWORK if req.at_least("2.36") else frozenset()) | (FILES if req.at_least("2.57") else frozenset())


def quota_set(req, values, project_id=None):
    """:param values: {resource: limit, or {"limit", "in_use", "reserved"}}."""
    hidden = _hidden(req)
    shown = {} if project_id is None else {"id": project_id}
    shown.update((name, values[name]) for name in RESOURCES if name not in hidden and name in values)
    return {"quota_set": shown}


def quota_class(req, values, name=None):
    """:param values: {resource: limit}.  :param name: of the class; None leaves it out."""
    hidden = (NETWORK if req.at_least("2.50") else GROUPS) | (FILES if req.at_least("2.57") else frozenset())
    shown = {} if name is None else {"id": name}
    shown.update((each, values[each]) for each in RESOURCES if each not in hidden)
    return {"quota_class_set": shown}


def limits(req, maxima, used):
    hidden = _hidden(req)
    absolute = {key: maxima[name] for name, key in _LIMITS if name not in hidden and name in maxima}
    if req.at_least("2.39"):
        absolute.pop("maxImageMeta", None)
    absolute.update((key, used.get(name, 0)) for name, key in _USED if name not in hidden)
    return {"limits": {"rate": [], "absolute": absolute}}
