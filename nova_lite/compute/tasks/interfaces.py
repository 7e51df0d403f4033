"""NICs of this host's guests come and go while these live, and addresses of NICs that stay."""

import contextlib
import logging

from nova_lite.common import concurrency, exception
from nova_lite.compute.tasks import spec
from nova_lite.compute.tasks.running import AWAY
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_QUESTIONS, _PAUSE = 10, 1      # to a conductor that is away; seconds between them


class Interfaces:
    """:param conductor: conductor.rpcapi.ConductorAPI.

    An operation that was cancelled in its last moment has had its effect, and so has one whose end was told twice: then
    the conductor is asked what the server's NICs are.
    """

    def __init__(self, running, driver, network, conductor):
        self._running = running
        self._driver = driver
        self._network = network
        self._conductor = conductor

    def attach_interface(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            nic = self._begun(job)
            job.step("network")
            job.undo.callback(self._network.unplug, [nic])
            guest = self._plugged(job)
            job.step("attach")
            job.undo.callback(self._driver.interfaces.detach, job.server.id, nic.mac)
            self._driver.interfaces.attach(guest, nic.mac)
            job.power_state = self._driver.power.state(job.server.id)

    def detach_interface(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            nic = self._begun(job)
            job.step("detach")
            job.undo.callback(self._restore, job, nic)
            self._driver.interfaces.detach(job.server.id, nic.mac, job.cancelled)
            job.step("unplug")
            self._network.unplug([nic])
            job.power_state = self._driver.power.state(job.server.id)

    def _restore(self, job, nic):
        self._driver.interfaces.attach(self._plugged(job), nic.mac)

    def add_fixed_ip(self, context, operation_id):
        """The guest is not told; what comes from the new address is let through, and what is for it arrives."""
        with self._running.job(context, operation_id) as job:
            self._begun(job)
            job.step("network")
            job.undo.callback(self._without, job)
            self._plugged(job)
            job.power_state = self._driver.power.state(job.server.id)

    def remove_fixed_ip(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            self._begun(job)
            job.step("network")
            job.undo.callback(self._plugged, job)
            self._without(job)
            job.power_state = self._driver.power.state(job.server.id)

    def _begun(self, job):
        """The NIC that the operation is about."""
        job.unheard = self._align
        return _nic(job)

    def _align(self, job):
        """Make the NIC what the database says of it."""
        nic = _nic(job)
        try:
            job.server.nics = self._told(job)
            if nic.port_id in {each.port_id for each in job.server.nics}:
                self._restore(job, nic)
            else:
                self._driver.interfaces.detach(job.server.id, nic.mac)
                self._network.unplug([nic])
        except exception.NovaLiteError as error:
            LOG.warning("What became of port %s is left to the auditor: %s", job.args["port"], error)

    def _told(self, job):
        """The server's NICs.  :raises PeerAway: the conductor was away for a minute."""
        for _ in range(_QUESTIONS):
            with contextlib.suppress(*AWAY):
                return self._conductor.nics(job.context, CONF.host, job.server.id)
            concurrency.sleep(_PAUSE)
        return self._conductor.nics(job.context, CONF.host, job.server.id)

    def _plugged(self, job):
        vifs = self._network.plug(job.server.nics, job.server)
        return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))

    def _without(self, job):
        """The port as it is without the address that the operation is about."""
        nic = _nic(job).obj_clone()
        nic.addresses = [each for each in nic.addresses if each.ip != job.args["address"]]
        self._network.plug([nic], job.server)


def _nic(job):
    return next(each for each in job.server.nics if each.port_id == job.args["port"])
