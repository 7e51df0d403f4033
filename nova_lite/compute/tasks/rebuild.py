"""Rebuild a guest of this host from an image; what was on its disk is lost."""

from nova_lite.common import exceptions
from nova_lite.compute.tasks import build, spec
from nova_lite.compute.tasks.start import Start
from nova_lite.objects.states import Task, Vm


class Rebuild:
    def __init__(self, running, driver, network, images):
        self._running = running
        self._driver = driver
        self._network = network
        self._images = images
        self._start = Start(driver)

    def rebuild_server(self, context, operation_id):
        """Rebuild the guest.  A repeat after an interruption destroys whatever guest there is and spawns a new one,
        unless it is the new one that was started already.
        """
        with self._running.job(context, operation_id) as job:
            server = job.server
            if job.args.get("preserve_ephemeral"):
                raise exceptions.HypervisorError("The current driver does not support preserving ephemeral partitions.")
            base = build.fetch(job, server.image, self._driver, self._images)
            vifs = job.do("network", self._network.plug, server.nics, server)
            guest = spec.guest(server, vifs, *base, config_drive=spec.config_drive(server))
            self._driver.build.check(guest)
            if server.vm_state != Vm.STOPPED:
                guest = self._start.paused(guest)
            if not job.started:
                job.do("destroy", self._driver.build.destroy, server.id)
            job.do("spawn", self._driver.build.spawn, guest, task=Task.REBUILD_SPAWNING)
            self._start.resume(job, guest)
            if server.vm_state == Vm.STOPPED:
                job.do("stop", self._driver.power.stop, server.id, 0)
            job.power_state = self._driver.power.state(server.id)
