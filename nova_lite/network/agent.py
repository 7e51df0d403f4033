"""The network agent on a host: fetches the host's desired state, applies it, and reports what is in force.

It is level-triggered: what it asks for is a state, not an event.  A notification only means that it is time to ask; a
lost one is made good by the next sign of life, whose answer names the scopes that are not in force here, and what even
that missed by the comparison of everything every few minutes, and at each start.

It follows the scopes of its host, of the networks of its ports, of the security groups of these, and of the groups that
rules of those name.  What leads to a group is applied together with it, so that no port is without its rules meanwhile.
"""

import logging
import threading

from nova_lite.common import concurrency, exceptions, rpc
from nova_lite.common import context as contexts
from nova_lite.network import pages
from nova_lite.network.planes.capabilities import Capability
from nova_lite.network.port_reports import PortReports
from nova_lite.network.rpcapi import VERSION
from nova_lite.objects.desired_group import of_group
from nova_lite.objects.desired_state import of_host

LOG = logging.getLogger(__name__)
_PAUSE = 0.2        # seconds for which notifications are collected
_AT_ONCE = 200      # scopes in one call


class Agent:
    """:param host: this host's name.  :param network: a network.planes.contract.HostPlane.
    :param conductor: conductor.rpcapi.ConductorAPI.
    :param in_use: callable([host.state.Port]) -> ids of those that guests here have.
    :ivar endpoint: the endpoint of ``network.rpcapi.NetworkAgentAPI``.  :ivar ports: port_reports.PortReports.
    """

    def __init__(self, host, network, conductor, in_use):
        self._own = of_host(host)
        self._host = host
        self._network = network
        self._conductor = conductor
        self._in_use = in_use
        self._known = {}                # scope -> its revision that is in force here; empty until the first comparison
        self._lock = concurrency.Lock()
        self._pending = set()           # scopes to fetch
        self._running = False           # whether somebody asks for those
        self._guard = threading.Lock()
        self.ports = PortReports(host, network, conductor, self._fetch_missing)
        self.endpoint = Endpoint(self)
        network.watch(self.look_at_ports)

    def compare(self):
        """Fetch and apply the whole desired state, as if this host had nothing.  :raises PeerAway:"""
        with self._lock:
            self._apply(dict.fromkeys(self._followed(), 0))
            self._follow()
        self.ports.report(whole=True)

    def look(self, scopes):
        """Fetch changed scopes, and those that are new on this host, in another greenlet or thread."""
        if self._known:                 # else the comparison at the start is still to come, and asks for all
            self.ports.is_due |= self.ports.is_late
            self._wake({*scopes, *self._missing()})

    def look_at_ports(self):
        """A guest has changed: report, in another greenlet or thread, which ports work now.

        What they need and is not here is fetched before.
        """
        self.ports.is_due = True
        if self._known:
            self._wake(self._missing())

    def _fetch_missing(self):
        """Fetch what ports need and is not here, as groups and routers; at first, the comparison does that."""
        if self._known and self._missing():
            with self._lock:
                self._follow()

    def _followed(self):
        """The scopes of this host: its own and those that its plane names."""
        return {self._own, *self._network.follows(), *self._network.groups()}

    def _missing(self):
        """The scopes of this host of which nothing is here."""
        groups = self._network.groups()
        followed = {self._own, *self._network.follows(), *groups}
        return (followed - self._known.keys()) | {scope for scope, there in groups.items() if not there}

    def _wake(self, scopes):
        with self._guard:
            self._pending |= scopes
            if self._running or not (self._pending or self.ports.is_due):
                return
            self._running = True
        concurrency.spawn(self._run)

    def _run(self):
        while True:
            concurrency.sleep(_PAUSE)
            with self._guard:
                scopes, self._pending = self._pending, set()
                ports, self.ports.is_due = self.ports.is_due, False
                self.ports.is_late |= ports         # until it is reported
                self._running = bool(scopes) or ports
            if not self._running:
                return
            try:
                if scopes:
                    self._sync(scopes)
                self.ports.report()
            except exceptions.NovaLiteError as error:       # the answer to the next sign of life names what is stale
                LOG.warning("Desired state: %s", error)
            except Exception:
                LOG.exception("Desired state")

    def _sync(self, scopes):
        with self._lock:
            missing = self._missing()
            self._apply({scope: 0 if scope in missing else self._known[scope]
                         for scope in scopes & self._followed()})
            self._follow(scopes)

    def _follow(self, scopes=()):
        """Ask for scopes that have come to this host; those of ``scopes`` and of before that it has not are left.

        A network names its routers, a router its networks: so what is asked for may name more.
        """
        asked = set()
        while new := self._missing() - asked:
            self._apply(dict.fromkeys(new, 0))
            asked |= new
        left = {*scopes, *self._known} - self._followed()
        if left:
            self._report(dict.fromkeys(left))
            for scope in left & self._known.keys():
                del self._known[scope]
        self._network.keep(self._known.keys())

    def _apply(self, known):
        """:param known: {scope: the revision from which changes are asked for}"""
        if not known:
            return
        since = self._network.moment()
        changes = self._fetch(known)
        applied = self._network.apply(changes, since, self._in_use)
        for scope, (revision, error) in applied.items():
            if error:
                LOG.error("%s is not in force here: %s", scope, error)
            self._known[scope] = self._known.get(scope, 0) if revision is None else revision
        self._report({scope: [self._known[scope], error or None] for scope, (_, error) in applied.items()})

    def _fetch(self, known):
        """[changes] of scopes, and of the groups that they lead to and that are not here."""
        found, asked, seen = [], known, self._known.keys() - self._missing()
        of_ports = {of_group(each) for some in self._network.port_groups() for each in some or ()}
        while asked:
            seen |= asked.keys()
            some = [each for part in _parts(sorted(asked)) for each in self._ask({one: asked[one] for one in part})]
            found += some
            if Capability.SECURITY_GROUPS not in self._network.capabilities:
                break
            of_ports |= pages.groups_of_ports(some)
            named = pages.groups_of_ports(some) | pages.groups_of_rules(some, of_ports)
            asked = dict.fromkeys(named - seen, 0)
        return found

    def _ask(self, known):
        """Fetch what changed, an object a scope, with all pages of a scope joined."""
        answers, asked, after = {}, known, {}
        while asked:
            answer = self._conductor.desired_state(contexts.admin(), self._host, asked, after)
            for change in answer:
                answers.setdefault(change.scope, []).append(change)
            after = {each.scope: each.revision for each in answer if each.more}
            asked = {scope: known[scope] for scope in after}
        return [pages.joined(each) for each in answers.values()]

    def _report(self, scopes):
        for some in _parts(sorted(scopes)):
            self._conductor.applied(contexts.admin(), self._host, {each: scopes[each] for each in some})


def _parts(scopes):
    return (scopes[start:start + _AT_ONCE] for start in range(0, len(scopes), _AT_ONCE))


class Endpoint:
    """The endpoint of ``network.rpcapi.NetworkAgentAPI``."""

    target = rpc.Target(version=VERSION)

    def __init__(self, agent):
        self._agent = agent

    def desired_state_changed(self, context, scopes):
        self._agent.look(scopes)
