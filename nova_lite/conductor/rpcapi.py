"""The client side of the conductor's RPC API, for the API (flows) and for hosts (leases, journal, reports)."""

import threading
import time
import uuid

from nova_lite.common import rpc

TOPIC = "conductor"
VERSION = "2.0"
_TIMEOUT = 6      # seconds of a call; each is a short transaction and may be repeated
#: Seconds of the call in which the conductor compares all that a host has; no operation waits for it.
_AUDIT_TIMEOUT = 120
#: The most servers in one message, so that a host with any number of them is answered in time.
PAGE = 500
#: Calls about operations that a process makes at once.  Without a limit the hundreds of calls of a host that comes back
#: would all time out before the conductor answers them.
_AT_ONCE = 16


class ConductorAPI:
    """Calls and casts to conductors; one method here is one method of a class in ``endpoints/``."""

    def __init__(self):
        self._life = str(uuid.uuid4())
        self._client = rpc.client(TOPIC, VERSION).to(timeout=_TIMEOUT)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def build_servers(self, context, operation_ids):
        """Notify of new servers, for which the conductor finds hosts."""
        self._client.cast(context, "build_servers", operation_ids=operation_ids)

    def delete_server(self, context, operation_id):
        """Notify of the deletion of a server that no host ever had."""
        self._client.cast(context, "delete_server", operation_id=operation_id)

    def unshelve_server(self, context, operation_id):
        """Notify of an offloaded server to be unshelved, for which the conductor finds a host."""
        self._client.cast(context, "unshelve_server", operation_id=operation_id)

    def rebuild_server(self, context, operation_id):
        """Notify of a rebuild with another image, for which the conductor asks whether the host may run it."""
        self._client.cast(context, "rebuild_server", operation_id=operation_id)

    def take_lease(self, context, operation_id, host, worker):
        """The objects.Lease of an operation.

        :raises Fenced: the operation has ended, another worker has its lease, or it is another host's.
        """
        with self._turns:
            return self._client.call(context, "take_lease", operation_id=operation_id, host=host, worker=worker)

    def renew(self, context, held):
        """Extend the leases of ``held``, {operation id: attempt}; returns the ids of those that are lost."""
        return self._client.call(context, "renew", held=held)

    def journal(self, context, job, step, ran, task=None, missed=()):
        """Journal that a step begins.

        :param ran: the function that does it, as ``source_places.place`` returns.
        :param task: the task_state that the server shows from now on; None: it stays.
        :param missed: [step, ran] of the steps before it that could not be journalled.
        :raises Fenced: the lease is lost.
        """
        with self._turns:
            self._client.call(context, "journal", operation_id=job.operation_id, attempt=job.attempt, step=step,
                              ran=ran, host=job.server.host, server_id=job.server.id, task=task, missed=list(missed))

    def await_ports(self, context, job, step, ran, ports, timeout, missed=()):
        """Journal that a step begins which needs that ports are ACTIVE, and report what the host has of these.

        :param step, ran, missed: as of ``journal``.  :param ports: as of ``ports_seen``.
        :param timeout: seconds for which the operation may wait for them.
        :returns: {"waits": whether the operation waits for them from now on, and its lease is given up; "failed": why
            they will not be ACTIVE, or None; "behind": as of ``ports_seen``}
        :raises Fenced: the lease is lost.
        """
        with self._turns:
            return self._client.call(
                context, "await_ports", operation_id=job.operation_id, attempt=job.attempt, step=step, ran=ran,
                host=job.server.host, server_id=job.server.id, ports=ports, timeout=timeout, missed=list(missed),
                sent=self._sent())

    def finish(self, context, job, outcome, missed=()):
        """Report how the host's part ended.

        :param outcome: objects.Outcome.  :param missed: as of ``journal``.
        :raises Fenced: the lease is lost.
        """
        with self._turns:
            self._client.call(context, "finish", operation_id=job.operation_id, attempt=job.attempt, outcome=outcome,
                              missed=list(missed))

    def host_servers(self, context, host, after):
        """A page of the servers placed on a host, by number, behind number ``after`` (0: from the first).

        :returns: {"server_ids": ids, "after": the number behind which the next page begins, None where this was the
            last}
        """
        return self._client.call(context, "host_servers", host=host, after=after)

    def host_guests(self, context, host, guests, resume):
        """Report the guests that a host found when it started; their servers show these power states from now on.

        :param guests: {server id: power state}, at most PAGE of them; servers without a guest have power state 0.
        :param resume: whether servers that ran before and do not now are to be started again.
        :returns: {"orphaned", "elsewhere", "unknown": ids} of the guests whose servers are not this host's: to be
            removed, placed on other hosts, and not in the database.
        """
        return self._client.call(context, "host_guests", host=host, guests=guests, resume=resume)

    def host_started(self, context, host, worker):
        """Report that a host has started and its guests are reported: its earlier incarnations' leases are given up."""
        self._client.call(context, "host_started", host=host, worker=worker)

    def nics(self, context, host, server_id):
        """The NICs (objects.Nic) of a server, in order; [] where the server is not on this host."""
        return self._client.call(context, "nics", host=host, server_id=server_id)

    def orphaned(self, context, host, server_ids):
        """Ids of those of some servers, at most PAGE, whose guests must go: they are deleted, or built elsewhere."""
        return self._client.call(context, "orphaned", host=host, server_ids=server_ids)

    def host_stopped(self, context, host, left):
        """Report that a host stops: it is down, and the leases ``left``, {operation id: attempt}, are given up."""
        self._client.call(context, "host_stopped", host=host, left=left)

    def report_host(self, context, facts, cloud):
        """Report that a host is up, with its facts (objects.Host).

        :param cloud: what the host remembers of its cloud, [cloud id, mark], or None.
        :returns: {"cloud": what to remember, "stale": names of the scopes of which it has not the newest revision}
        :raises Misconfigured: this is another cloud.
        """
        return self._client.call(context, "report_host", facts=facts, sent=self._sent(), cloud=cloud)

    def desired_state(self, context, host, known, after):
        """What changed of a host's desired state: an objects.ScopeChanges of every scope of ``known``.

        :param known: {scope: its revision that the host has}, at most PAGE scopes; 0: it has nothing, or wants all.
        :param after: {scope: revision of its ScopeChanges in the page before} of the scopes of which there is more;
            empty for the first page.
        :raises Forbidden: a scope is another host's.
        """
        return self._client.call(context, "desired_state", host=host, known=known, after=after)

    def applied(self, context, host, scopes):
        """Report what is in force at a host.

        :param scopes: {scope: [revision, error or None]}; None for a scope that the host follows no more.
        """
        self._client.call(context, "applied", host=host, scopes=scopes)

    def ports_seen(self, context, host, ports):
        """Report which ports work at a host, and which do not any more.

        :param ports: {port id: [revision of the port, of its network] that works; None: it does not}, at most PAGE.
        :returns: ids of those that do not work yet because an older revision is in force.
        :raises MessageTooLate: it arrives when it may be older than the next one.
        """
        return self._client.call(context, "ports_seen", host=host, ports=ports, sent=self._sent())

    def hypervisor_away(self, context, host, why):
        """Report that a host is up and its hypervisor does not answer.  :param why: the error, for administrators."""
        self._client.call(context, "hypervisor_away", host=host, why=why)

    def report_power(self, context, host, guests, seen_at):
        """Report the power states of guests: {server id: power state}, at most PAGE of them.

        :param seen_at: the monotonic time before the hypervisor was asked.
        """
        self._client.call(context, "report_power", host=host, guests=guests, sent=self._sent(),
                          age=time.monotonic() - seen_at)

    def _sent(self):
        """[id of this process, its monotonic time], by which the conductor ignores reports that arrive too late."""
        return [self._life, time.monotonic()]

    def audit_host(self, context, host, report):
        """The objects.Verdict on what a host has (objects.HostReport)."""
        return self._client.to(timeout=_AUDIT_TIMEOUT).call(context, "audit_host", host=host, report=report)

    def drift_seen(self, context, host, findings, seconds, asked):
        """Report the [objects.Finding] of a host's pass, also those seen for the first time and those it repaired.

        :param seconds: how long the pass took.
        :param asked: the moment that ``ComputeAPI.audit`` gave, where somebody waits for this pass; else None.
        """
        self._client.call(context, "drift_seen", host=host, findings=findings, seconds=seconds, asked=asked)

    def images_in_use(self, context, host):
        """Ids of the images that servers of ``host`` were made from."""
        return self._client.call(context, "images_in_use", host=host)
