"""Floating IPs through the compute API, to 2.35 and of servers to 2.43: the network service's, in Nova's words."""

import contextlib

from nova_lite.common import exceptions
from nova_lite.network import exceptions as network_exceptions
from nova_lite.network.listing import Ask

#: The pool that a request without one means, as Nova's [neutron] default_floating_pool.
_POOL = "nova"


class FloatingProxy:
    """Floating IPs are dicts as the network facade gives them, with ``pool``: the name of their network, or its id."""

    def __init__(self, network):
        self._floating_ips = network.floating_ips
        self._networks = network.networks
        self._ports = network.ports

    def list(self, context, **filters):
        """Those of the caller's project.  :param filters: {attribute: value}."""
        asked = {name: [value] for name, value in filters.items()} | {"project_id": [context.own_project]}
        if self._floating_ips is None:
            return []
        found = self._floating_ips.list(context, Ask(filters=asked))
        ids = sorted({each["floating_network_id"] for each in found})
        names = {each["id"]: each["name"] for each in (
            self._networks.list(context, Ask(filters={"id": ids})) if ids else ())}
        return [each | {"pool": names.get(each["floating_network_id"]) or each["floating_network_id"]}
                for each in found]

    def pools(self, context):
        """Names of the external networks that the caller sees."""
        return [each["name"] or each["id"] for each in self._external(context)]

    def _external(self, context):
        if self._floating_ips is None:
            return []
        return self._networks.list(context, Ask(filters={"external": [True]}, sort=(("name", False),)))

    def create(self, context, pool):
        """:param pool: the name or id of an external network; None: Nova's default.

        :raises NotFound: there is no such pool, or no address left.  :raises Forbidden: the quota is used up.
        """
        wanted = pool or _POOL
        found = [each for each in self._external(context) if wanted in (each["id"], each["name"])]
        if len(found) != 1:
            raise exceptions.NotFound("Floating IP pool not found.")
        with _words(pool):
            made = self._floating_ips.create(context, {
                "project_id": context.own_project, "floating_network_id": found[0]["id"]})
        return made | {"pool": found[0]["name"] or found[0]["id"]}

    def delete(self, context, floating_ip):
        self._floating_ips.delete(context, floating_ip)

    def add(self, context, server, address, fixed):
        """Let a floating IP stand for an address of a server.

        :raises NotFound: there is no such floating IP.  :raises BadRequest: it cannot stand for that.
        """
        found = self.list(context, floating_ip_address=address)
        if not found:
            raise exceptions.NotFound("floating IP not found")
        ports = self._ports.list(context, Ask(filters={
            "device_id": [server.id], "fixed_ips": {"ip_address": [fixed]}}))
        port = next((each for each in ports if each["server_id"] == server.id), None)
        if port is None:
            raise exceptions.BadRequest("Specified fixed address not assigned to instance")
        try:
            self._floating_ips.update(context, found[0], {"port_id": port["id"], "fixed_ip_address": fixed})
        except exceptions.Conflict as error:
            raise exceptions.BadRequest(str(error)) from error
        except exceptions.NotFound as error:
            raise exceptions.BadRequest(f"Unable to associate floating IP {address} to fixed IP {fixed} for instance "
                                       f"{server.id}. Error: {error}") from error

    def remove(self, context, server, address):
        """Let a floating IP stand for nothing.

        :raises NotFound: there is no such floating IP.  :raises Conflict: it stands for no address of the server.
        """
        found = self.list(context, floating_ip_address=address)
        if not found:
            raise exceptions.NotFound(f"Floating IP not found for address {address}.")
        if found[0]["port"] is None or found[0]["port"].device_id != server.id:
            raise exceptions.Conflict(f"Floating IP {address} is not associated with instance {server.id}.")
        self._floating_ips.update(context, found[0], {"port_id": None})


@contextlib.contextmanager
def _words(pool):
    try:
        yield
    except network_exceptions.IpAddressGenerationFailure as error:
        raise exceptions.NotFound(f"No more floating IPs in pool {pool}." if pool else
                                  "No more floating IPs available.") from error
    except network_exceptions.OverQuota as error:
        raise exceptions.Forbidden(f"IP allocation over quota in pool {pool}." if pool else
                                   "IP allocation over quota.") from error
