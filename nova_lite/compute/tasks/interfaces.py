"""NICs of this host's guests come and go while these live, and addresses of NICs that stay."""

from nova_lite.compute.tasks import spec


class Interfaces:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def attach_interface(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            nic = _nic(job)
            job.step("network")
            job.undo.callback(self._network.unplug, [nic])
            guest = self._plugged(job)
            job.step("attach")
            job.undo.callback(self._driver.interfaces.detach, job.server.id, nic.mac)
            self._driver.interfaces.attach(guest, nic.mac)
            job.power_state = self._driver.power.state(job.server.id)

    def detach_interface(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            nic = _nic(job)
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
            job.step("network")
            job.undo.callback(self._without, job)
            self._plugged(job)
            job.power_state = self._driver.power.state(job.server.id)

    def remove_fixed_ip(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("network")
            job.undo.callback(self._plugged, job)
            self._without(job)
            job.power_state = self._driver.power.state(job.server.id)

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
