"""The network facade's backend for the network service in tests.remote_network_service, as a package of somebody
else's would bring it: by HTTP, outside of transactions.
"""

import contextlib
import datetime
import os
import urllib.parse

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.conf import CONF
from nova_lite.db import interfaces, server_objects
from nova_lite.network import exceptions as network_exceptions
from nova_lite.objects.desired_state import DesiredPort, ScopeChanges, of_host
from nova_lite.objects.interface import Interface, ServerNetwork
from nova_lite.objects.server import Address, Nic
from tests import remote_services
from tests.remote_services import Client

#: Where the service is, in the environment.
URL = "NOVA_LITE_TEST_NETWORK_SERVICE"
TIMEOUT = 2.0       # seconds
_MOST = 1000        # servers of one host


class Backend:
    """:param client: None: of the service that the environment names."""

    def __init__(self, client=None):
        asks = self._client = client or Client(os.environ[URL], TIMEOUT)
        self.networks = Networks(asks, "networks", network_exceptions.NetworkNotFound, "network_id")
        self.subnets = Resource(asks, "subnets", network_exceptions.SubnetNotFound, "subnet_id")
        self.ports = Ports(asks, "ports", network_exceptions.PortNotFound, "port_id")
        self.security_groups = Resource(asks, "groups", network_exceptions.SecurityGroupNotFound, "group_id")
        self.floating_ips = self.port_forwardings = self.routers = self.router_interfaces = None
        self.security_group_rules = self.rbac_policies = self.address_scopes = self.subnet_pools = None
        self.address_groups = self.default_security_group_rules = self.ip_availability = self.agents = None
        self.service_providers = self.qos_policies = self.qos_rules = self.auto_topologies = None
        self.port_bindings = self.trunks = self.segments = None
        self.quotas = Quotas(asks)
        self.ensure_first_networks = lambda project_id, _operator_id: self.networks.ensure_default(project_id)
        self.embedded = False
        self.capabilities = frozenset()
        self.timeout = TIMEOUT
        self.servers = Servers(asks)
        self.requests = Requests(asks, self)
        self.verbs = {"allocate_ports": AllocatePorts(asks, self.servers),
                      "activate_ports": ActivatePorts(asks),
                      "release_ports": ReleasePorts(self.servers),
                      "place_ports": PlacePorts(self.servers),
                      "attach_port": AttachPort(asks, self.servers),
                      "detach_port": DetachPort(self.servers),
                      "add_address": AddAddress(asks, self.servers),
                      "remove_address": RemoveAddress(asks, self.servers)}
        self.attachments = None
        self.memberships = Memberships(asks, self.servers)
        self.desired_state = DesiredState()


def _query(**values):
    return urllib.parse.urlencode({name: value for name, value in values.items() if value is not None})


# ---- what the REST API shows

class Resource:
    """Rows as the facade gives them."""

    def __init__(self, client, kind, missing, named):
        self._client, self._kind = client, kind
        self._missing = lambda thing_id: missing(**{named: thing_id})

    def list(self, context, ask):
        rows = [self._row(each) for each in self._client.ask("GET", f"/{self._kind}")]
        rows = [each for each in rows if self._is_seen(context, each)
                and all(each.get(name) in wanted for name, wanted in ask.filters.items())]
        for name, descending in reversed(ask.sort):
            rows.sort(key=lambda each: str(each.get(name)), reverse=descending)
        return rows[:ask.limit]

    def get(self, context, thing_id):
        with self._words(thing_id):
            found = self._row(self._client.ask("GET", f"/{self._kind}/{thing_id}"))
        if not self._is_seen(context, found):
            raise self._missing(thing_id)
        return found

    def create(self, context, values):
        return self.create_all(context, [values])[0]

    def create_all(self, context, several, revision=None):
        return [self._row(self._client.ask("POST", f"/{self._kind}", **self._said(each))) for each in several]

    def update(self, context, row, values, revision=None):
        with self._words(row["id"]):
            return self._row(self._client.ask("PUT", f"/{self._kind}/{row['id']}", **self._said(values)))

    def delete(self, context, row, revision=None):
        with self._words(row["id"]):
            self._client.ask("DELETE", f"/{self._kind}/{row['id']}")

    @contextlib.contextmanager
    def _words(self, thing_id):
        try:
            yield
        except exceptions.NotFound as error:
            raise self._missing(thing_id) from error

    @staticmethod
    def _said(values):
        return {name: value for name, value in values.items() if value is not None}

    @staticmethod
    def _is_seen(context, row):
        return context.visible_project in (ALL, row["project_id"]) or bool(row.get("shared"))

    @staticmethod
    def _row(thing):
        moments = {name: datetime.datetime.fromisoformat(thing[made]).replace(tzinfo=None)
                   for name, made in (("created_at", "made_at"), ("updated_at", "changed_at"))}
        return thing | moments


class Networks(Resource):
    @staticmethod
    def zones(network_ids):
        return {}

    def of(self, context, row):
        return self._client.ask("GET", f"/networks/{row['network_id']}")

    def owned(self, context, network_id):
        return self.get(context, network_id)

    def ensure_default(self, project_id):
        """One of the configured name, with a subnet of the first configured range."""
        name = CONF.network.default_name
        found = self._client.ask("GET", f"/networks?{_query(project_id=project_id, name=name)}")
        if not found:
            found = [self._client.ask("POST", "/networks", name=name, project_id=project_id)]
            self._client.ask("POST", "/subnets", network_id=found[0]["id"], project_id=project_id,
                             cidr=CONF.network.default_ranges[0])
        return found[0]["id"]


class Ports(Resource):
    @staticmethod
    def _row(thing):
        server_id = _server_of(thing)
        return Resource._row(thing) | {"server_id": server_id, "nic_index": thing["index"],
                                       "status": "ACTIVE" if server_id and thing["up"] else "DOWN"}


def _server_of(port):
    return port["device_id"] if port["device_owner"].startswith("compute:") else None


class Quotas:
    """Of ports alone."""

    def __init__(self, client):
        self._client = client

    def defaults(self):
        return {"port": -1}

    def get(self, project_id):
        return {"port": self._client.ask("GET", f"/limits/{project_id}")}

    def details(self, project_id):
        used = len(self._client.ask("GET", f"/ports?{_query(project_id=project_id)}"))
        return {"port": {"limit": self.get(project_id)["port"], "used": used, "reserved": 0}}

    def update(self, project_id, values, *, force=False):
        self._client.ask("PUT", f"/limits/{project_id}", **values)
        return self.get(project_id)


# ---- what servers need

class Servers:
    def __init__(self, client):
        self._client = client

    def ports(self, server_id):
        """In the guest's order."""
        found = self._client.ask("GET", f"/ports?{_query(device_id=server_id)}")
        return sorted((each for each in found if _server_of(each)), key=lambda each: each["index"])

    def describe(self, server_ids):
        """{server id: objects.interface.ServerNetwork}; servers without ports are missing."""
        ports = {each: found for each in server_ids if (found := self.ports(each))}
        known = {kind: {each["id"]: each for each in self._client.ask("GET", f"/{kind}")} if ports else {}
                 for kind in ("networks", "subnets", "groups")}
        return {server_id: ServerNetwork(tuple(_interface(each, known) for each in found), tuple(
            known["groups"][group]["name"] for each in found for group in each["security_groups"]))
            for server_id, found in ports.items()}

    def place(self, server_id):
        """Bind the ports to the host that the server has, also where it goes to another one meanwhile."""
        bound = None
        while bound != (host := _host_of(server_id)):
            for port in self.ports(server_id):
                if port["host"] != host:
                    with contextlib.suppress(exceptions.NotFound):      # it is gone by now
                        self._client.ask("PUT", f"/ports/{port['id']}", host=host)
            bound = host

    def said(self, server_id):
        """What a change says of a server's ports besides its own result."""
        return {"server_network": self.describe([server_id]).get(server_id, ServerNetwork()).to_dict()}

    def give_up(self, port):
        """Delete a port that was made for a server; let go of its user's own."""
        with contextlib.suppress(exceptions.NotFound):
            if port["owned"]:
                self._client.ask("DELETE", f"/ports/{port['id']}")
            else:
                self._client.ask("PUT", f"/ports/{port['id']}", device_id="", device_owner="", host="", tag=None,
                                 marker=None, index=None)

    def server_at(self, network_id, ip):
        found = self._client.ask("GET", f"/ports?{_query(network_id=network_id)}")
        return next((_server_of(port) for port in found for each in port["fixed_ips"] if each["ip_address"] == ip),
                    None)

    def marked(self):
        """{marker: [ids of the ports]}"""
        found = {}
        for each in self._client.ask("GET", "/ports"):
            if each["marker"]:
                found.setdefault(each["marker"], []).append(each["id"])
        return found


def _host_of(server_id):
    """Its name; "": the server has none, or is gone."""
    with contextlib.suppress(exceptions.ServerNotFound), db.reader() as session:
        return server_objects.row(session, server_id).host or ""
    return ""


def _interface(port, known):
    network = known["networks"][port["network_id"]]
    nic = Nic.make(port_id=port["id"], network_id=network["id"], network_name=network["name"],
                   mac=port["mac_address"], mtu=network["mtu"], vif_type=port["vif_type"], vnic_type=port["vnic_type"],
                   tag=port["tag"], revision=port["revision"], network_revision=network["revision"],
                   addresses=[_address(each, known["subnets"][each["subnet_id"]]) for each in port["fixed_ips"]])
    return Interface(port["index"], nic, port["owned"])


def _address(fixed, subnet):
    return Address.make(ip=fixed["ip_address"], cidr=subnet["cidr"], gateway=subnet["gateway_ip"],
                        version=subnet["ip_version"], dns=subnet["dns_nameservers"], dhcp=subnet["enable_dhcp"],
                        subnet_id=subnet["id"], host_access=False)


class Requests:
    """What a new server may ask for, looked at beforehand; the service may refuse it later all the same."""

    def __init__(self, client, backend):
        self._client, self._backend = client, backend

    def validate(self, context, requested, count, security_groups=()):
        if requested == "none":
            return []
        if requested in (None, "auto"):
            found = self._client.ask("GET", f"/networks?{_query(project_id=context.project_id)}")
            if len(found) > 1:
                raise network_exceptions.NetworkAmbiguous
            return [_wanted(network=each["id"]) for each in found]
        return [self._one(context, each) for each in requested]

    def _one(self, context, wanted):
        if wanted.get("port"):
            try:
                port = self._backend.ports.get(context, wanted["port"])
            except exceptions.NotFound as error:
                raise network_exceptions.RequestedPortNotFound(port_id=wanted["port"]) from error
            if port["device_id"]:
                raise network_exceptions.RequestedPortInUse(port_id=port["id"])
            return _wanted(network=port["network_id"], port=port["id"], tag=wanted.get("tag"))
        try:
            network = self._backend.networks.get(context, wanted["uuid"])
        except exceptions.NotFound as error:
            raise network_exceptions.RequestedNetworkNotFound(network_id=wanted["uuid"]) from error
        return _wanted(network=network["id"], fixed_ip=wanted.get("fixed_ip"), tag=wanted.get("tag"))

    def reserve(self, project_id, requested, min_count, max_count):
        """As the service counts now: nothing is held, and it may refuse the ports later."""
        each = sum(not one.get("port") for one in requested)
        limits = self._backend.quotas.details(project_id)["port"] if each else {"limit": -1}
        if limits["limit"] < 0:
            return max_count
        remaining = max(limits["limit"] - limits["used"], 0) // each
        if remaining < min_count:
            raise network_exceptions.PortLimitExceeded
        return min(remaining, max_count)


def _wanted(network=None, port=None, fixed_ip=None, tag=None):
    return {"network": network, "port": port, "fixed_ip": fixed_ip, "tag": tag}


class AllocatePorts:
    """As the embedded service's."""

    def __init__(self, client, servers):
        self._client, self._servers = client, servers

    def do(self, marker, arguments):
        server_id = arguments["server_id"]
        with db.reader() as session:
            server = server_objects.row(session, server_id)
        present = {each["index"] for each in self._client.ask("GET", f"/ports?{_query(marker=marker)}")}
        for index, wanted in enumerate(server.requested_networks):
            if index not in present:
                self._make(server, wanted, {
                    "marker": marker, "index": index, "tag": wanted.get("tag"), "host": server.host or "",
                    "device_id": server_id, "device_owner": f"compute:{server.availability_zone or 'nova'}"})
        self._servers.place(server_id)
        said = self._servers.said(server_id)
        return {"ports": [each.port_id for each in ServerNetwork.from_dict(said["server_network"]).nics], **said}

    def _make(self, server, wanted, values):
        if wanted.get("port"):
            self._client.ask("PUT", f"/ports/{wanted['port']}", if_free=True, owned=False, **values)
            return
        ip = wanted.get("fixed_ip")
        self._client.ask("POST", "/ports", network_id=wanted["network"], project_id=server.project_id, owned=True,
                         fixed_ips=[{"ip_address": ip}] if ip else None, **values)

    def undo(self, marker, arguments):
        for each in self._client.ask("GET", f"/ports?{_query(marker=marker)}"):
            self._servers.give_up(each)


class ReleasePorts:
    """As the embedded service's."""

    def __init__(self, servers):
        self._servers = servers

    def undo(self, marker, arguments):
        for each in self._servers.ports(arguments["server_id"]):
            self._servers.give_up(each)


class AttachPort:
    """As the embedded service's."""

    def __init__(self, client, servers):
        self._client, self._servers = client, servers

    def do(self, marker, arguments):
        server_id = arguments["server_id"]
        found = self._client.ask("GET", f"/ports?{_query(marker=marker)}")
        port = found[0] if found else self._attached(marker, server_id, arguments["wanted"])
        return {"port": port["id"], **self._servers.said(server_id)}

    def _attached(self, marker, server_id, wanted):
        with db.reader() as session:
            server = server_objects.row(session, server_id)
        last = max((each["index"] for each in self._servers.ports(server_id)), default=-1)
        values = {"marker": marker, "index": last + 1, "tag": wanted["tag"], "host": server.host or "",
                  "device_id": server_id, "device_owner": f"compute:{server.availability_zone or 'nova'}"}
        if wanted["port"]:
            return self._client.ask("PUT", f"/ports/{wanted['port']}", if_free=True, owned=False, **values)
        ip = wanted["fixed_ip"]
        return self._client.ask("POST", "/ports", network_id=wanted["network"], project_id=server.project_id,
                                owned=True, fixed_ips=[{"ip_address": ip}] if ip else None, **values)

    def undo(self, marker, arguments):
        for each in self._client.ask("GET", f"/ports?{_query(marker=marker)}"):
            self._servers.give_up(each)


class DetachPort:
    """As the embedded service's."""

    def __init__(self, servers):
        self._servers = servers

    def undo(self, marker, arguments):
        for each in self._servers.ports(arguments["server_id"]):
            if each["id"] == arguments["port"]:
                self._servers.give_up(each)


class AddAddress:
    """As the embedded service's; an address has the marker itself."""

    def __init__(self, client, servers):
        self._client, self._servers = client, servers

    def do(self, marker, arguments):
        server_id = arguments["server_id"]
        port_id, ip = self._found(marker, arguments) or self._added(marker, server_id, arguments["network_id"])
        return {"port": port_id, "address": ip, **self._servers.said(server_id)}

    def _found(self, marker, arguments):
        """(port id, address) of what was added; None: nothing was."""
        if "address" in arguments:
            return arguments["port"], arguments["address"]
        return next(((port["id"], each["ip_address"]) for port in self._servers.ports(arguments["server_id"])
                     for each in port["fixed_ips"] if each.get("marker") == marker), None)

    def _added(self, marker, server_id, network_id):
        port = next((each for each in self._servers.ports(server_id) if each["network_id"] == network_id), None)
        if port is None:
            raise network_exceptions.NetworkNotOfServer(server_id=server_id)
        port = self._client.ask("PUT", f"/ports/{port['id']}", fixed_ips=[*port["fixed_ips"], {"marker": marker}])
        return port["id"], port["fixed_ips"][-1]["ip_address"]

    def undo(self, marker, arguments):
        found = self._found(marker, arguments)
        if found is not None:
            RemoveAddress(self._client, self._servers).undo(marker, {
                "server_id": arguments["server_id"], "port": found[0], "address": found[1]})


class RemoveAddress:
    """As the embedded service's."""

    def __init__(self, client, servers):
        self._client, self._servers = client, servers

    def undo(self, marker, arguments):
        for port in self._servers.ports(arguments["server_id"]):
            kept = [each for each in port["fixed_ips"] if each["ip_address"] != arguments["address"]]
            if port["id"] == arguments["port"] and kept != port["fixed_ips"]:
                self._client.ask("PUT", f"/ports/{port['id']}", fixed_ips=kept)


class PlacePorts:
    """As the embedded service's: the ports are bound where the server is, whichever request for that comes last."""

    def __init__(self, servers):
        self._servers = servers

    def do(self, marker, arguments):
        self._servers.place(arguments["server_id"])
        return self._servers.said(arguments["server_id"])

    def undo(self, marker, arguments):
        self._servers.place(arguments["server_id"])


class ActivatePorts:
    """As the embedded service's; the service's agents make it so."""

    def __init__(self, client):
        self._client = client

    def do(self, marker, arguments):
        ports = [each for each in self._client.ask("GET", f"/ports?{_query(device_id=arguments['server_id'])}")
                 if each["id"] in arguments["ports"]]
        return {"active": arguments["ports"]} if all(each["up"] for each in ports) else None

    def undo(self, marker, arguments):
        """A port is what its host has."""

    @staticmethod
    def timeout(arguments):
        return arguments.get("timeout", 0)


class Memberships:
    """Servers join and leave groups, port by port."""

    def __init__(self, client, servers):
        self._client, self._servers = client, servers

    def join(self, context, server_id, name):
        group_id, ports = self._found(context, name), self._ports(server_id)
        if any(group_id in each["security_groups"] for each in ports):
            raise network_exceptions.GroupTwice(group_id=group_id)
        for each in ports:
            self._client.ask("PUT", f"/ports/{each['id']}", security_groups=[*each["security_groups"], group_id])

    def leave(self, context, server_id, name):
        group_id = self._found(context, name)
        members = [each for each in self._ports(server_id) if group_id in each["security_groups"]]
        if not members:
            raise network_exceptions.GroupNotOfServer(name=name, server_id=server_id)
        for each in members:
            self._client.ask("PUT", f"/ports/{each['id']}", security_groups=[
                group for group in each["security_groups"] if group != group_id])

    def _ports(self, server_id):
        found = self._servers.ports(server_id)
        if not found:
            raise network_exceptions.ServerWithoutPorts(server_id=server_id)
        return found

    def _found(self, context, name):
        for each in self._client.ask("GET", f"/groups?{_query(project_id=context.project_id)}"):
            if name in (each["id"], each["name"]):
                return each["id"]
        raise network_exceptions.ProjectGroupNotFound(name=name, project_id=context.project_id)


class DesiredState:
    """Hosts have the ports that compute keeps of their servers; the service's own agents do the rest."""

    def changes(self, host, known, after):
        return [_own_ports(host) if scope == of_host(host) else _unchanged(scope) for scope in known]

    def report(self, host, applied):
        """Nobody asks for it."""

    def report_ports(self, host, states):
        """The service's own agents say so."""
        return [], []


def _own_ports(host):
    with db.reader() as session:
        found = [server_objects.row(session, each) for _, each in server_objects.page_of_host(session, host, 0, _MOST)]
        nics = interfaces.nics(session, [each.id for each in found])
    ports = [DesiredPort.make(nic=nic, server_id=each.id, project_id=each.project_id, hostname=each.hostname)
             for each in found for nic in nics.get(each.id, ())]
    return ScopeChanges.make(scope=of_host(host), revision=1, whole=True, more=False, ports=ports, networks=[],
                             gone=[])


def _unchanged(scope):
    return ScopeChanges.make(scope=scope, revision=1, whole=False, more=False, ports=[], networks=[], gone=[])


# ---- a cloud of processes that uses it

#: What its configuration says.
OPTIONS = "[network]\nbackend = remote\n"


def environment(directory, url):
    """What processes have where this backend is installed.

    :param directory: an empty one.  :param url: of the service.
    """
    return {URL: url, **remote_services.installed(directory, "network", f"{__name__}:Backend")}
