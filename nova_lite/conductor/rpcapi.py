"""What the conductor can be asked, by the API (flows) and by hosts (leases, journal, reports)."""

import threading
import time
import uuid

from nova_lite.common import rpc

TOPIC = "conductor"
VERSION = "1.0"
_PATIENCE = 6      # seconds; every question is a short transaction, and all may be asked again
_MOST_PATIENCE = 120
#: Questions about operations that a process asks at once.  A host that comes back with hundreds of them would else make
#: the conductor answer later than anybody waits, and do all in vain.
_AT_ONCE = 16


class ConductorAPI:
    """The wire to the conductor; one method here is one method of ``manager.Endpoint``."""

    def __init__(self):
        self._life = str(uuid.uuid4())
        self._client = rpc.client(TOPIC, VERSION).to(timeout=_PATIENCE)
        self._patience = _PATIENCE
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def build_servers(self, context, operation_ids):
        """Ring for new servers: find hosts, claim, hand over."""
        self._client.cast(context, "build_servers", operation_ids=operation_ids)

    def delete_server(self, context, operation_id):
        """Ring for the deletion of a server that no host ever had."""
        self._client.cast(context, "delete_server", operation_id=operation_id)

    def unshelve_server(self, context, operation_id):
        """Ring for a server that no host has now: find one, claim, hand over."""
        self._client.cast(context, "unshelve_server", operation_id=operation_id)

    def rebuild_server(self, context, operation_id):
        """Ring for a server that gets another image: ask whether its host may run that, hand over."""
        self._client.cast(context, "rebuild_server", operation_id=operation_id)

    def take_lease(self, context, operation_id, host, worker):
        """objects.Job.  :raises Fenced: it ended, is led by another, or is not this host's."""
        with self._turns:
            return self._client.call(context, "take_lease", operation_id=operation_id, host=host, worker=worker)

    def renew(self, context, held):
        """Extend the leases of {operation id: attempt}; answer the ids that are lost."""
        return self._client.call(context, "renew", held=held)

    def journal(self, context, job, step, task=None, missed=()):
        """A step begins.  :raises Fenced:

        :param missed: names of the steps before it that could not be journalled.
        """
        with self._turns:
            self._client.call(context, "journal", operation_id=job.operation_id, attempt=job.attempt, step=step,
                              host=job.server.host, server_id=job.server.id, task=task, missed=list(missed))

    def finish(self, context, job, outcome, missed=()):
        """The host's part ended; ``missed`` as of journal.  :raises Fenced:"""
        with self._turns:
            self._client.call(context, "finish", operation_id=job.operation_id, attempt=job.attempt, outcome=outcome,
                              missed=list(missed))

    def host_started(self, context, host, worker, guests, resume):
        """A host is back: give up its old leases, answer what it should run.

        :param guests: {server id: power state} of what it found.
        :param resume: whether servers that ran before and do not now are to be started again.
        :returns: {"servers": [objects.Server], and of the guests that are none of these the ids of those that are
            "orphaned" (to be removed), "elsewhere" (their servers are on other hosts), "unknown" (to the database)}
        """
        # A host with hundreds of servers is told of each.  Asked again and again too soon, it would never be answered.
        patience, self._patience = self._patience, min(self._patience * 2, _MOST_PATIENCE)
        return self._client.to(timeout=patience).call(context, "host_started", host=host, worker=worker, guests=guests,
                                                      resume=resume)

    def nics(self, context, host, server_id):
        """The NICs (objects.Nic) that a server has on a host, in order; none where it is not there."""
        return self._client.call(context, "nics", host=host, server_id=server_id)

    def orphaned(self, context, host, server_ids):
        """Which of these servers have no right to be on a host: they are deleted, or it lost their build."""
        return self._client.call(context, "orphaned", host=host, server_ids=server_ids)

    def host_stopped(self, context, host, left):
        """A host stops: it counts as down, and {operation id: attempt} of what it did not finish is given up."""
        self._client.call(context, "host_stopped", host=host, left=left)

    def report_host(self, context, facts):
        """Sign of life and facts (objects.Host)."""
        self._client.call(context, "report_host", facts=facts, sent=self._sent())

    def hypervisor_away(self, context, host, why):
        """A sign of life of a host that can do nothing: its hypervisor does not answer."""
        self._client.call(context, "hypervisor_away", host=host, why=why)

    def report_power(self, context, host, guests):
        """What the hypervisor really runs: {server id: power state}."""
        self._client.call(context, "report_power", host=host, guests=guests, sent=self._sent())

    def _sent(self):
        """Who sends, and when by its monotonic clock: what comes too late is void."""
        return [self._life, time.monotonic()]

    def audit_host(self, context, host, sight):
        """objects.Verdict on what a host sees of itself (objects.Sight)."""
        return self._client.call(context, "audit_host", host=host, sight=sight)

    def drift_seen(self, context, host, findings, seconds, asked):
        """What a host found, sure or not, mended or not: [objects.Finding]; the look took ``seconds``.

        :param asked: the moment that ``ComputeAPI.audit`` told, where somebody waits for this look; else None.
        """
        self._client.call(context, "drift_seen", host=host, findings=findings, seconds=seconds, asked=asked)

    def images_in_use(self, context, host):
        """Ids of the images that servers of ``host`` were made from."""
        return self._client.call(context, "images_in_use", host=host)
