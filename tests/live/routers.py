"""Routers and floating IPs for tests of planes, as JSON of the objects of desired state, and guests behind them."""

import uuid

from tests.live.namespaces import nic, server

PUBLIC, PUBLIC_GATEWAY = "172.24.4.0/24", "172.24.4.1"


def port(network_id, ip, cidr, gateway, mtu=1450):
    port_id = str(uuid.uuid4())
    mac = f"fa:16:3e:{port_id[:2]}:{port_id[2:4]}:{port_id[4:6]}"
    return {"port_id": port_id, "network_id": network_id, "mac": mac, "mtu": mtu,
            "addresses": [{"ip": ip, "cidr": cidr, "gateway": gateway}]}


class Router:
    """One router of a Plane; what is changed of ``body`` and ``floating`` is in force after ``apply``.

    :param host: a Host, or whatever has its ``ask``.  :param public: id of the external network; None: no gateway.
    """

    def __init__(self, host, public=None, ip="172.24.4.10"):
        self.host = host
        self.id = str(uuid.uuid4())
        self._revision = 0
        self.floating = {}
        self.body = {"id": self.id, "revision": 1, "project_id": "p", "admin_state_up": True, "snat": True,
                     "gateway": port(public, ip, PUBLIC, PUBLIC_GATEWAY) if public else None,
                     "interfaces": [], "routes": []}

    def join(self, network_id, cidr="10.199.0.0/24", ip=None, gateway=None):
        """Give it an interface; without ``ip`` at the subnet's gateway address."""
        gateway = gateway or cidr.rpartition(".")[0] + ".1"
        self.body["interfaces"].append(port(network_id, ip or gateway, cidr, gateway))
        return self

    def float(self, ip, fixed=None, *forwardings):
        """:param forwardings: (protocol, (first, last), to, (first, last))"""
        self.floating[ip] = {
            "id": str(uuid.uuid4()), "revision": 1, "router_id": self.id, "mac": "fa:16:3e:00:00:00", "ip": ip,
            "network_id": self.body["gateway"]["network_id"], "fixed_ip": fixed,
            "port_id": str(uuid.uuid4()) if fixed else None, "forwardings": [
                {"id": str(uuid.uuid4()), "protocol": protocol, "external_first": first, "external_last": last,
                 "ip": to, "port_id": str(uuid.uuid4()), "internal_first": to_first, "internal_last": to_last}
                for protocol, (first, last), to, (to_first, to_last) in forwardings]}
        return self

    def apply(self):
        """{scope: (revision, error)}"""
        return self._ask(routers=[self.body], floating_ips=list(self.floating.values()))

    def delete(self):
        return self._ask(gone=[self.id])

    def _ask(self, **what):
        self._revision += 1
        answer = self.host.ask("apply", scopes=[
            {"scope": f"router:{self.id}", "revision": self._revision, "whole": True, **what}])
        return answer[0] if isinstance(answer, tuple) else answer


def attached(make, host, *nics):
    """Guests with their addresses, one for each NIC."""
    for each in nics:
        host.ask("plug", server=server(each, hostname=f"vm{each['addresses'][0]['ip'].rpartition('.')[2]}"))
    guests = [make.guest(host, each) for each in nics]
    for guest in guests:
        assert guest.dhcp()["ip"] == guest.nic["addresses"][0]["ip"]
    return guests


def ports_of(network_id, *ips, cidr="10.199.0.0/24"):
    return [nic(network_id, ip, cidr=cidr, gateway=cidr.rpartition(".")[0] + ".1") for ip in ips]
