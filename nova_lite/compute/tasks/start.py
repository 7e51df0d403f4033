"""Start guests paused, and let their processors run when their ports are ACTIVE.

A guest whose first packets go nowhere may never ask for its address again.  So every start of a guest with NICs waits
for its ports, but that of a suspended or rescued one; with ``vif_plugging_timeout`` 0 none does.
"""

import contextlib
import dataclasses

from nova_lite.common import exceptions
from nova_lite.conf import CONF


class Start:
    """:param driver: a virt.driver.Driver."""

    def __init__(self, driver):
        self._driver = driver

    @staticmethod
    def paused(guest):
        """The virt.spec.GuestSpec that is started in the place of ``guest``, before ``resume``."""
        return dataclasses.replace(guest, paused=bool(guest.vifs) and CONF.vif_plugging_timeout > 0)

    def resume(self, job, guest):
        """Let a guest run that was started, now or as soon as its server's ports are ACTIVE.

        :param guest: as ``paused`` gave it.
        :raises PortsAwaited: the operation waits, and runs anew when they are.
        :raises VifPluggingFailed: they have not come to be in time; the guest is off again in the end.
        """
        if guest.paused:
            job.do("vif_plugging", self._driver.pause.unpause, job.server.id, undo=(self._off, job.server.id),
                   ports=[nic.port_id for nic in job.server.nics])

    def _off(self, server_id):
        with contextlib.suppress(exceptions.GuestNotFound):
            self._driver.power.stop(server_id, 0)
