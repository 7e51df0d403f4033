"""What a host reports of its ports: which of them work, in bulk and only where that is news."""

from nova_lite.common import concurrency
from nova_lite.common import context as contexts

_AT_ONCE = 200      # ports in one call


class PortReports:
    """:param host: this host's name.  :param plane: its HostPlane.  :param conductor: conductor.rpcapi.ConductorAPI.
    :param prepare: callable() that fetches what ports here wait for.  :raises PeerAway: it cannot.
    :ivar is_due: whether something has changed that is to be reported.
    :ivar is_late: whether the last report did not arrive.
    """

    def __init__(self, host, plane, conductor, prepare=lambda: None):
        self._host = host
        self._plane = plane
        self._conductor = conductor
        self._prepare = prepare
        self._said = {}             # port id -> whether it works, as the conductor knows
        self._behind = set()        # ids of ports that do not work yet there, since an older revision was in force
        self._unanswered = set()    # ids of ports of which it is not known what the conductor knows
        self._lock = concurrency.Lock()
        self.is_due = self.is_late = False

    def report(self, whole=False):
        """Report what has changed.  :param whole: everything.  :raises PeerAway:"""
        with self._lock:
            self.is_late = True
            states = self.states()
            self._said = {key: works for key, works in self._said.items() if key in states and not whole}
            self._behind &= states.keys()
            self._unanswered &= states.keys()
            news = sorted((key, state) for key, state in states.items() if whole or self._is_news(key, state))
            for start in range(0, len(news), _AT_ONCE):
                some = dict(news[start:start + _AT_ONCE])
                self._unanswered |= some.keys()
                self._note(some, self._conductor.ports_seen(contexts.admin(), self._host, some))
            self.is_late = False

    def asked_of(self, port_ids, ask):
        """What ``ask({port id: as of states})`` answers for some ports, whose states it reports by that.

        :param ask: its answer has, under "behind", ids of ports that do not work yet since an older revision is in
            force.
        :raises PeerAway: what the ports wait for could not be fetched.
        """
        self._prepare()
        with self._lock:
            states = dict.fromkeys(port_ids) | self.states(port_ids)
            self._unanswered |= states.keys()
            answer = ask(states)
            self._note(states, answer["behind"])
            return answer

    def states(self, only=None):
        """{port id: [revision of the port, of its network] that works, None: it does not work}

        :param only: as for ``Plane.ports``.
        """
        return {key: list(state.revisions) if state.works else None for key, state in self._plane.ports(only).items()}

    def _is_news(self, port_id, state):
        works = state is not None
        return (port_id in self._unanswered or works != self._said.get(port_id, False)
                or port_id in self._behind and works)

    def _note(self, states, behind):
        self._said |= {key: state is not None for key, state in states.items()}
        self._behind = self._behind - states.keys() | set(behind)
        self._unanswered -= states.keys()
