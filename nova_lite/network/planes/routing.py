"""The routers that a host has, what it follows on their account, and where networks get them.  Nothing is applied here.

A host has a router when one of the router's networks has ports here, or another router here is on one of its networks.
External networks, to which routers have their gateways alone, do not carry that on.
"""

import contextlib
import json
import os
import re

from nova_lite.network.planes.state import write
from nova_lite.objects.desired_router import DesiredFloatingIp, DesiredRouter, of_router
from nova_lite.objects.desired_state import of_network

_FILE = re.compile(r"router-([0-9a-f-]{36})\.json")


class Routing:
    """:ivar routers: {id: objects.DesiredRouter}  :ivar floating: {router id: {id: objects.DesiredFloatingIp}}"""

    def __init__(self, routers=None, floating=None):
        self.routers = dict(routers or {})
        self.floating = {key: dict(each) for key, each in (floating or {}).items()}

    def copy(self):
        return Routing(self.routers, self.floating)

    def take(self, change):
        """Merge an objects.RouterChanges.  Answers come one after the other, so that a later one is newer."""
        router_id = change.scope.removeprefix(of_router(""))
        floating = {} if change.whole else self.floating.get(router_id, {})
        floating = {key: each for key, each in floating.items() if key not in change.gone}
        self.floating[router_id] = floating | {each.id: each for each in change.floating_ips}
        for router in change.routers:
            self.routers[router.id] = router
        if router_id in change.gone or change.whole and not change.routers:
            self.drop(router_id)

    def drop(self, router_id):
        self.routers.pop(router_id, None)
        self.floating.pop(router_id, None)

    def keep(self, scopes):
        """Forget all routers of other scopes."""
        for each in {*self.routers, *self.floating}:
            if of_router(each) not in scopes:
                self.drop(each)

    def reached(self, network_ids, networks):
        """(network ids, router ids) that a host with ports on ``network_ids`` needs.

        :param networks: {id: objects.DesiredNetwork}, as far as they are known; of others what routers say counts.
        """
        found, routers, new = set(), set(), set(network_ids)
        while new:
            found |= new
            here = {router_id for each in new for router_id in self._of_network(each, networks.get(each))}
            routers |= here
            new = {each.network_id for one in here if one in self.routers
                   for each in self.routers[one].interfaces} - found
        return found, routers

    def lacking(self, network):
        """Ids of routers on a network (objects.DesiredNetwork, or None) that are not known yet."""
        return set(_named(network) or ()) - self.routers.keys()

    def _of_network(self, network_id, network):
        named = _named(network)
        if named is not None:
            return named
        return [key for key, each in self.routers.items() if network_id in {one.network_id for one in each.interfaces}]

    def follows(self, network_ids, networks):
        """{scope} of ``reached``."""
        found, routers = self.reached(network_ids, networks)
        return {*map(of_network, found), *map(of_router, routers)}


def _named(network):
    """The routers that a network names; None where it is not known, or an older peer named none."""
    return network.routers if network is not None and network.obj_attr_is_set("routers") else None


class RouterFiles:
    """A file a router, with its floating IPs, so that a restarted service has them without a conductor."""

    def __init__(self, directory):
        self._directory = directory

    def load(self):
        """The Routing that was saved; what cannot be read is fetched anew."""
        found = Routing()
        for name in sorted(os.listdir(self._directory)) if os.path.isdir(self._directory) else ():
            if _FILE.fullmatch(name):
                with contextlib.suppress(Exception):        # as many as a file of another release may raise
                    self._load(name, found)
        return found

    def _load(self, name, found):
        with open(os.path.join(self._directory, name)) as file:
            content = json.load(file)
        router = DesiredRouter.obj_from_primitive(content["router"])
        floating = [DesiredFloatingIp.obj_from_primitive(each) for each in content["floating_ips"]]
        found.routers[router.id] = router
        found.floating[router.id] = {each.id: each for each in floating}

    def save(self, routing):
        """Make the files say what ``routing`` does."""
        os.makedirs(self._directory, exist_ok=True)
        for router_id, router in routing.routers.items():
            write(self._path(router_id), json.dumps({
                "router": router.obj_to_primitive(),
                "floating_ips": [each.obj_to_primitive() for _, each in sorted(
                    routing.floating.get(router_id, {}).items())]}, sort_keys=True))
        for name in os.listdir(self._directory):
            found = _FILE.fullmatch(name)
            if found and found[1] not in routing.routers:
                os.unlink(os.path.join(self._directory, name))

    def _path(self, router_id):
        return os.path.join(self._directory, f"router-{router_id}.json")
