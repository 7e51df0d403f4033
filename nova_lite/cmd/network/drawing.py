"""Trees of what a network, router or port is connected with: of documents as network/embedded/topology.py has them."""

from nova_lite.cmd.network.words import counted

_ANY = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


def _network(made):
    physical = made["physical_network"]
    facts = [f"MTU {made['mtu']}", *([f"on physical network {physical}"] if physical else []),
             *(word for word in ("shared", "external") if made[word])]
    return f"network {_of(made)}: {', '.join(facts)}", [
        *((_subnet(each), []) for each in made["subnets"]),
        *((f"router {_of(each)}: {'its gateway' if each['gateway'] else 'an interface'} at "
           f"{_all(each['addresses'])}", []) for each in made["routers"]),
        *((_brief(each), []) for each in made["ports"])]


def _router(made):
    return f"router {_of(made)}{'' if made['admin_state_up'] else ': switched off, passes nothing'}", [
        *((f"interface {_all(each['addresses'])} on network {_of(each['network'])}", [])
          for each in made["interfaces"]),
        *((f"route to {each['destination']} by {each['nexthop']}", []) for each in made["routes"]),
        *((_floating(each), [(_forwarding(one), []) for one in each["forwardings"]]) for each in made["floating_ips"]),
        (_gateway(made["gateway"]), [])]


def _port(made):
    away = [_way_out(each, made) for each in made["routers"]]
    return _brief(made) + f", {made['mac']}", [
        (f"on network {_of(made['network'])}", [(_subnet(each), []) for each in made["subnets"]]),
        ("plugged at host " + made["host"] if made["host"] else "plugged nowhere", []),
        _passed("ingress", "lets in", made["security_groups"]),
        _passed("egress", "lets out", made["security_groups"]),
        *((_floating(each), [(_forwarding(one), []) for one in each["forwardings"]]) for each in made["floating_ips"]),
        *(away or [("no router is on its network", [])])]


_TREES = {"network": _network, "router": _router, "port": _port}


def of(made):
    """The tree, (text, [trees]), of a document."""
    return _TREES[made["kind"]](made)


def _way_out(router, port):
    """A router as a port's way to elsewhere."""
    own = [each["addresses"] for each in router["interfaces"] if each["network"]["id"] == port["network"]["id"]]
    others = [each for each in router["interfaces"] if each["network"]["id"] != port["network"]["id"]]
    return f"router {_of(router)} at {_all(sum(own, []))}", [
        *((f"to network {_of(each['network'])}", []) for each in others),
        *((f"to {each['destination']} by {each['nexthop']}", []) for each in router["routes"]),
        (_gateway(router["gateway"]), [])]


def _gateway(gateway):
    if gateway is None:
        return "no gateway: nothing outside is reached"
    six = [each for each in gateway["addresses"] if ":" in each]
    four = [each for each in gateway["addresses"] if each not in six]
    translated = f"source addresses become {_all(four)}" if gateway["snat"] and (four or not six) else (
        f"by {_all(four or six)}, source addresses stay")
    if four and six:
        translated += f"; by {_all(six)}, those of IPv6 stay"
    return f"gateway to network {_of(gateway['network'])}: {translated}"


def _passed(direction, words, groups):
    """What the groups of a port let through in one direction, by rule."""
    lines = [f"{_rule(rule)}  ({group['name'] or group['id']})" for group in groups for rule in group["rules"]
             if rule["direction"] == direction]
    what = f"by {counted(len(lines), 'rule')} of {counted(len(groups), 'group')}" if lines else "nothing but replies"
    return f"{words} {what}", [(each, []) for each in lines]


def _rule(rule):
    side = "from" if rule["direction"] == "ingress" else "to"
    remote = rule["remote_ip_prefix"] or _ANY[rule["ethertype"]]
    if rule["remote_group_id"]:
        remote = f"members of {rule['remote_name'] or rule['remote_group_id']}"
    elif rule["remote_address_group_id"]:
        remote = f"addresses of {rule['remote_name'] or rule['remote_address_group_id']}"
    return f"{rule['ethertype']} {_protocol(rule)} {side} {remote}"


def _protocol(rule):
    first, last = rule["port_range_min"], rule["port_range_max"]
    name = rule["protocol"] or "any protocol"
    if first is None:
        return name
    if name in ("icmp", "ipv6-icmp", "icmpv6"):
        return f"{name} type {first}" + ("" if last is None else f" code {last}")
    return f"{name}/{first}" if last in (first, None) else f"{name}/{first}-{last}"


def _brief(port):
    server = port["server"]
    owner = f", of server {_of(server)}" if server else f", of {port['owner']}" if port["owner"] else ""
    return f"port {_of(port)}: {_all(port['addresses'])}, {port['status']}{owner}"


def _subnet(subnet):
    facts = [f"gateway {subnet['gateway']}" if subnet["gateway"] else "no gateway",
             subnet["address_mode"] or ("DHCP" if subnet["dhcp"] else "no DHCP"),
             *([f"announced as {subnet['ra_mode']}"] if subnet["ra_mode"] else [])]
    return f"subnet {subnet['cidr']}: {', '.join(facts)}"


def _floating(each):
    return f"floating IP {each['ip']}" + (f" stands for {each['to']}" if each["to"] else "")


def _forwarding(each):
    outer, inner = (_range(each[f"{side}_first"], each[f"{side}_last"]) for side in ("external", "internal"))
    return f"{each['protocol']}/{outer} leads to {each['internal_ip_address']} {inner}"


def _range(first, last):
    return str(first) if first == last else f"{first}-{last}"


def _of(named):
    return f"{named['name']} ({named['id']})" if named["name"] else named["id"]


def _all(addresses):
    return ", ".join(addresses) or "no address"
