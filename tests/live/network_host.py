"""The process of namespaces.Host: a LinuxPlane driven by lines on its standard input.

Arguments: state directory, "eventlet" or "threading", "no-library" to use nft(8) or "permissive" to let guests lie, and
JSON of [network] options.  The question "die_at" lets the process be killed before its Nth change of the machine.
"""

import json
import sys
import time
import uuid

from nova_lite.common import concurrency


def main():
    state_dir, mode, script, options = sys.argv[1:5]
    concurrency.start(mode)
    from nova_lite.conf import CONF
    CONF([], project="nova_lite", default_config_files=[])
    CONF.set_override("state_dir", state_dir)
    from nova_lite.network.planes.linux import nft, plane
    if script == "permissive":
        CONF.set_override("anti_spoofing", False, "network")
    if script == "no-library":
        nft._library = lambda: None
    for name, value in json.loads(options).items():
        CONF.set_override(name, value, "network")
    host = plane.LinuxPlane(CONF, echo)
    while line := concurrency.native(sys.stdin.readline, deadline=600, what="the next order"):
        print(json.dumps(done(host, json.loads(line))), flush=True)


def echo(environ, start_response):
    """A metadata service that answers with the network and address that it takes the caller for."""
    from nova_lite.common import metadata_caller
    body = json.dumps({"network": environ[metadata_caller.NETWORK_ID], "address": environ[metadata_caller.ADDRESS],
                       "headers": sorted(each for each in environ if each.startswith("HTTP_"))}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def done(host, question):
    from nova_lite.common.exceptions import NovaLiteError
    calls = {"plug": lambda: [vif.tap for vif in host.plug(*plugs(question["server"]))],
             "unplug": lambda: host.unplug(plugs(question["server"])[0]),
             "sync": lambda: sync(host, [plugs(each)[1] for each in question["servers"]]),
             "network": lambda: apply(host, [network(question["network"])]), "ports": lambda: ports_of(host.ports()),
             "apply": lambda: applied(host, question["scopes"]), "groups": lambda: groups(host, question["scopes"]),
             "loaded": lambda: loaded(host), "inspect": lambda: inspected(host.inspect()),
             "followed": host.groups, "keep": lambda: host.keep(set(question["scopes"])),
             "allows": lambda: allows(host, question),
             "trace": lambda: host.trace(question["port"], question["address"]), "networks": host.networks,
             "follows": lambda: sorted(host.follows()),
             "capabilities": lambda: sorted(host.capabilities),
             "strays": lambda: host.inspect().strays, "restore": host.restore,
             "die_at": lambda: die_at(question["step"]),
             "heal": host.heal, "close": host.close, "destroy_all": host.destroy_all}
    began = time.perf_counter()
    try:
        result = calls[question["method"]]()
    except NovaLiteError as error:
        return {"error": str(error)}
    return {"result": result, "seconds": time.perf_counter() - began}


def apply(host, changes):
    """{scope: why it is not in force}"""
    applied = host.apply(changes, host.moment(), lambda ports: ())
    return {scope: error for scope, (_, error) in applied.items() if error}


def applied(host, scopes):
    """{scope: [revision, error]} of changes whose ports are those of servers, and whose networks are as ``network``'s.

    :param scopes: [{"scope", "revision", "whole", "servers", "networks", "gone"}]; the last three may be missing.
    """
    return host.apply([router_changes(each) if each["scope"].startswith("router:") else scope_changes(each)
                       for each in scopes], host.moment(), lambda ports: ())


def scope_changes(each):
    from nova_lite.objects.desired_state import ScopeChanges
    return ScopeChanges.make(
        scope=each["scope"], revision=each["revision"], whole=each["whole"], more=False, gone=each.get("gone", []),
        ports=[port for one in each.get("servers", ()) for port in desired(plugs(one)[1])],
        networks=[network(one).networks[0] for one in each.get("networks", ())])


def router_changes(each):
    """:param each: with "routers" and "floating_ips", whose fields are as of the objects."""
    from nova_lite.objects import desired_router as objects

    def port(one):
        return objects.DesiredRouterPort.make(**one | {"addresses": [
            objects.DesiredRouterAddress.make(**address, subnet_id=subnet_id(address["cidr"]))
            for address in one["addresses"]]})
    return objects.RouterChanges.make(
        scope=each["scope"], revision=each["revision"], whole=each["whole"], more=False, gone=each.get("gone", []),
        routers=[objects.DesiredRouter.make(**one | {
            "gateway": port(one["gateway"]) if one["gateway"] else None,
            "interfaces": [port(interface) for interface in one["interfaces"]],
            "routes": [objects.DesiredRoute.make(**route) for route in one["routes"]]})
            for one in each.get("routers", ())],
        floating_ips=[objects.DesiredFloatingIp.make(**one | {"forwardings": [
            objects.DesiredPortForwarding.make(**forwarding) for forwarding in one["forwardings"]]})
            for one in each.get("floating_ips", ())])


def groups(host, scopes):
    """{scope: [revision, error]} of changes of security groups and address groups.

    :param scopes: [{"scope", "whole", "rules", "stateful", "members", "gone", "addresses"}]; all but the first may be
        missing.  Rules are dicts of what is not None, members {port id: [addresses]}.
    """
    return host.apply([group_changes(each) for each in scopes], host.moment(), lambda ports: ())


def group_changes(each):
    from nova_lite.objects import desired_group as objects
    kind, _, key = each["scope"].partition(":")
    common = {"scope": each["scope"], "revision": each.get("revision", 1), "whole": each.get("whole", False),
              "more": False, "gone": each.get("gone", [])}
    if kind == "address_group":
        return objects.AddressGroupChanges.make(**common, address_groups=[
            objects.DesiredAddressGroup.make(id=key, revision=1, addresses=each["addresses"])])
    found = [objects.DesiredGroup.make(id=key, revision=1, stateful=each.get("stateful", True), rules=[
        group_rule(rule) for rule in each["rules"]])] if "rules" in each else []
    members = [objects.DesiredMember.make(port_id=port_id, network_id=str(uuid.UUID(int=0)), addresses=some)
               for port_id, some in each.get("members", {}).items()]
    return objects.GroupChanges.make(**common, groups=found, members=members)


def group_rule(values):
    from nova_lite.objects.desired_group import DesiredGroupRule
    empty = dict.fromkeys(("protocol", "port_min", "port_max", "remote_prefix", "remote_group", "remote_addresses"))
    return DesiredGroupRule.make(**{"id": str(uuid.uuid4()), "ethertype": "IPv4", **empty, **values})


def loaded(host):
    """Since the first call: the texts that nftables was given for ports."""
    texts = getattr(host, "texts_loaded", None)
    if texts is None:
        texts, load = [], host._builder.guard._load
        host.texts_loaded, host._builder.guard._load = texts, lambda text: (load(text), texts.append(text))
    found, texts[:] = list(texts), []
    return found


def allows(host, question):
    """:param question: {"port", "direction", "packet": what ``groups.packet`` is given}"""
    from nova_lite.network.planes.groups import packet
    return host.allows(question["port"], question["direction"], packet(*question["packet"]))


def ports_of(states):
    return {port_id: state._asdict() for port_id, state in states.items()}


def inspected(found):
    return {"ports": ports_of(found.ports), "devices": found.devices, "loose": found.loose, "strays": found.strays,
            "leases": found.leases, "altered": found.altered}


def desired(server):
    from nova_lite.objects.desired_state import DesiredPort
    return [DesiredPort.make(nic=nic, server_id=server.id, project_id=server.project_id, hostname=server.hostname)
            for nic in server.nics]


def sync(host, servers):
    """The service starts, and gets these servers as all that it should have ports of."""
    from nova_lite.objects.desired_state import ScopeChanges
    host.restore()
    ports = [port for each in servers for port in desired(each)]
    apply(host, [ScopeChanges.make(scope="host:here", revision=1, whole=True, more=False, ports=ports, networks=[],
                                   gone=[])])


def network(values):
    from nova_lite.objects.desired_state import DesiredNetwork, DesiredSubnet, ScopeChanges
    subnets = [DesiredSubnet.make(**{**each, "id": subnet_id(each["cidr"])}) for each in values["subnets"]]
    return ScopeChanges.make(
        scope=f"network:{values['id']}", revision=values["revision"], whole=False, more=False, ports=[], gone=[],
        networks=[DesiredNetwork.make(**values | {"subnets": subnets})])


def die_at(step):
    """From now on every change of the machine is counted, and the process is killed before that of number ``step``."""
    import os
    import subprocess

    from pyroute2 import IPRoute

    from nova_lite.network.planes.linux import netns
    left, kill = [step], os.kill

    def counted(call):
        def made(*args, **kwargs):
            left[0] -= 1
            if not left[0]:
                kill(os.getpid(), 9)
            return call(*args, **kwargs)
        return made
    found = IPRoute.__getattr__         # its methods are made when they are asked for

    def asked(self, name):
        return counted(found(self, name)) if name in ("link", "addr", "route", "flush_addr") else found(self, name)
    IPRoute.__getattr__ = asked
    for place, names in ((netns, ("_call",)), (os, ("replace", "unlink", "kill")), (subprocess, ("run",))):
        for name in names:
            setattr(place, name, counted(getattr(place, name)))


def plugs(server):
    from nova_lite.objects.server import Nic, Server
    nics = [Nic.make(port_id=each["port_id"], network_id=each["network_id"], mac=each["mac"], mtu=each["mtu"],
                     addresses=[address(one) for one in each["addresses"]],
                     **{name: each[name] for name in (
                         "revision", "network_revision", "security_groups", "port_security_enabled",
                         "dhcp_options", "admin_state_up", "allowed_pairs", "qos", "physical_network") if name in each})
            for each in server["nics"]]
    return nics, Server.make(id=server["id"], hostname=server["hostname"], project_id=server["project"], nics=nics)


def address(each):
    from nova_lite.objects.server import Address
    return Address.make(ip=each["ip"], cidr=each["cidr"], gateway=each["gateway"], dns=each["dns"],
                        version=6 if ":" in each["ip"] else 4, dhcp=each["dhcp"],
                        subnet_id=subnet_id(each["cidr"]), host_access=each["host_access"],
                        **{name: each[name] for name in ("ra_mode", "address_mode") if name in each})


def subnet_id(cidr):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, cidr))


if __name__ == "__main__":
    main()
