"""Attach and detach NICs of this host's guests, running or not; add and remove addresses of NICs."""

import functools
import itertools
import logging

from nova_lite.common import exceptions, retry
from nova_lite.compute.tasks import spec
from nova_lite.compute.tasks.running import PEER_AWAY
from nova_lite.conf import CONF
from nova_lite.objects.states import Power

LOG = logging.getLogger(__name__)
_QUESTIONS, _PAUSE = 10, 1      # tries while the conductor does not answer; seconds between them


class Interfaces:
    """:param conductor: conductor.rpcapi.ConductorAPI.

    The conductor may refuse the outcome of an operation that was cancelled, or reported twice, after it had its effect.
    Then the NIC is changed to what the database says of it.
    """

    def __init__(self, running, driver, network, conductor):
        self._running = running
        self._driver = driver
        self._network = network
        self._conductor = conductor

    def attach_interface(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            nic = self._start(job)
            vifs = job.do("network", self._network.plug, job.server.nics, job.server,
                          undo=(self._network.unplug, [nic]))
            job.do("attach", self._driver.interfaces.attach, _guest(job, vifs), nic.mac,
                   undo=(self._driver.interfaces.detach, job.server.id, nic.mac))
            job.power_state = self._driver.power.state(job.server.id)
            if job.power_state in (Power.RUNNING, Power.PAUSED) and CONF.vif_plugging_timeout:
                job.power_state = job.do("vif_plugging", self._driver.power.state, job.server.id, ports=[nic.port_id])

    def detach_interface(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            nic = self._start(job)
            job.do("detach", self._driver.interfaces.detach, job.server.id, nic.mac, job.cancelled,
                   undo=(self._restore, job, nic))
            job.do("unplug", self._network.unplug, [nic])
            job.power_state = self._driver.power.state(job.server.id)

    def _restore(self, job, nic):
        vifs = self._network.plug(job.server.nics, job.server)
        self._driver.interfaces.attach(_guest(job, vifs), nic.mac)

    def add_fixed_ip(self, context, operation_id):
        """Let a guest use a new address of a NIC: the firewall passes it, DHCP has it.  The guest is not notified."""
        with self._running.job(context, operation_id) as job:
            self._start(job)
            job.do("network", self._network.plug, job.server.nics, job.server, undo=(self._without, job))
            job.power_state = self._driver.power.state(job.server.id)

    def remove_fixed_ip(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            self._start(job)
            job.do("network", self._without, job, undo=(self._network.plug, job.server.nics, job.server))
            job.power_state = self._driver.power.state(job.server.id)

    def _start(self, job):
        """The NIC of the operation.  From now on a refused outcome leads to ``_align``."""
        job.on_outcome_refused = self._align
        return _nic(job)

    def _align(self, job):
        """Change the operation's NIC to what the database says of it."""
        nic = _nic(job)
        try:
            job.server.nics = self._ask_nics(job)
            if nic.port_id in {each.port_id for each in job.server.nics}:
                self._restore(job, nic)
            else:
                self._driver.interfaces.detach(job.server.id, nic.mac)
                self._network.unplug([nic])
        except exceptions.NovaLiteError as error:
            LOG.warning("What became of port %s is left to the auditor: %s", job.args["port"], error)

    def _ask_nics(self, job):
        """The server's NICs in the database.  :raises PeerAway: the conductor has not answered for a minute."""
        ask = functools.partial(self._conductor.nics, job.context, CONF.host, job.server.id)
        return retry.after_errors(ask, PEER_AWAY, itertools.repeat(_PAUSE, _QUESTIONS))

    def _without(self, job):
        """The operation's NIC without the address that the operation removes."""
        nic = _nic(job).obj_clone()
        nic.addresses = [each for each in nic.addresses if each.ip != job.args["address"]]
        self._network.plug([nic], job.server)


def _guest(job, vifs):
    return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))


def _nic(job):
    return next(each for each in job.server.nics if each.port_id == job.args["port"])
