"""Make a server's guest anew from an image: what was on its disk is gone."""

from nova_lite.common import exception
from nova_lite.compute.tasks import build, spec
from nova_lite.objects.states import Task, Vm


class Rebuild:
    def __init__(self, running, driver, network, images):
        self._running = running
        self._driver = driver
        self._network = network
        self._images = images

    def rebuild_server(self, context, operation_id):
        """Run again after an interruption, it begins with the old guest's end, whatever is there by then."""
        with self._running.job(context, operation_id) as job:
            server = job.server
            if job.args.get("preserve_ephemeral"):
                raise exception.HypervisorError("The current driver does not support preserving ephemeral partitions.")
            base = build.fetch(job, server.image, self._driver, self._images)
            job.step("network")
            vifs = self._network.plug(server.nics, server)
            guest = spec.guest(server, vifs, *base, config_drive=spec.config_drive(server))
            self._driver.build.check(guest)
            job.step("destroy")
            self._driver.build.destroy(server.id)
            job.step("spawn", Task.REBUILD_SPAWNING)
            self._driver.build.spawn(guest)
            if server.vm_state == Vm.STOPPED:
                job.step("stop")
                self._driver.power.stop(server.id, 0)
            job.power_state = self._driver.power.state(server.id)
