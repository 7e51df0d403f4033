"""One host's compute service: its tasks, its start-up and periodic work, and the endpoint that others ask."""

import contextlib
import functools
import logging
import threading

from nova_lite.common import concurrency, exceptions, rpc
from nova_lite.common.dispatcher import Dispatcher
from nova_lite.compute.rpcapi import VERSION
from nova_lite.compute.tasks.audit import Audit
from nova_lite.compute.tasks.build import Build
from nova_lite.compute.tasks.console import Console
from nova_lite.compute.tasks.delete import Delete
from nova_lite.compute.tasks.guest import Guest
from nova_lite.compute.tasks.host import Host, retry_until_answered
from nova_lite.compute.tasks.images import Images
from nova_lite.compute.tasks.interfaces import Interfaces
from nova_lite.compute.tasks.pause import Pause
from nova_lite.compute.tasks.power import Power
from nova_lite.compute.tasks.rebuild import Rebuild
from nova_lite.compute.tasks.rescue import Rescue
from nova_lite.compute.tasks.resize import Resize
from nova_lite.compute.tasks.running import PEER_AWAY, Running
from nova_lite.compute.tasks.shelve import Shelve
from nova_lite.compute.tasks.snapshot import Snapshot
from nova_lite.conf import CONF
from nova_lite.network.agent import Agent
from nova_lite.objects.states import BUILDS, OPERATIONS

LOG = logging.getLogger(__name__)
_CLOSING = 2        # seconds to close driver and network


class Tasks:
    """The tasks of this host, one attribute a capability.

    :param parts: (driver, network, image cache or None), as of ``Manager``.
    :param report_guest: callable(server id) that reports the guest's power.
    """

    def __init__(self, running, parts, conductor, report_guest):
        driver, network, images = parts
        self.build = Build(running, driver, network, images)
        self.delete = Delete(running, driver, network)
        self.power = Power(running, driver, network)
        self.pause = Pause(running, driver, network)
        self.rebuild = Rebuild(running, driver, network, images)
        self.rescue = Rescue(running, driver, network, images)
        self.snapshot = Snapshot(running, driver)
        self.resize = Resize(running, driver, network)
        self.shelve = Shelve(running, parts, self.snapshot)
        self.interfaces = Interfaces(running, driver, network, conductor)
        self.guest = Guest(running, driver, report_guest)
        self.console = Console(driver)
        self.images = Images(images)
        self.audit = Audit(running, parts, conductor)


class Manager:
    """The compute service of a host.

    :param worker: name of this incarnation, "host/binary/uuid".
    :param driver: a virt.driver.Driver.  :param network: a network.planes.contract.HostPlane.
    :param images: image.cache.ImageCache, or None where the driver needs none.
    :param conductor: conductor.rpcapi.ConductorAPI.
    :ivar agent: the network's agent, with an endpoint of its own.
    """

    def __init__(self, worker, driver, network, images, conductor):
        self._driver = driver
        self._network = network
        self.agent = Agent(CONF.host, network, conductor, self._in_use)
        self._running = Running(CONF.host, worker, conductor, self._remove,
                                lambda server_id: retry_until_answered(self._host.report_guest, server_id),
                                self.agent.ports)
        parts = driver, network, images
        self._host = Host(self._running, parts, conductor, worker, self.agent)
        self._tasks = Tasks(self._running, parts, conductor, _log_failure(self._host.report_guest))
        self.endpoint = Endpoint(self._tasks)
        self._periodic = []

    def _remove(self, server):
        self._driver.build.destroy(server.id)
        self._network.unplug(server.nics)

    def _in_use(self, ports):
        """Ids of those of some ports that guests here use; a guest that is off may use all ports of its server."""
        guests, nics = self._driver.host.guests(), self._driver.host.nics()
        return {port.port_id for port in ports
                if port.server_id in guests and port.mac in nics.get(port.server_id, (port.mac,))}

    def start(self):
        """Return when the conductor knows this host; then the endpoint may be served."""
        self._driver.host.watch(_log_failure(self._guest_changed))
        self._host.started()

    def _guest_changed(self, server_id, power):
        self.agent.look_at_ports()
        self._host.guest_changed(server_id, power)

    def start_periodic(self):
        """Start periodic work: reports, lease renewal, comparison of power states and networks, audit, pruning."""
        for seconds, work in ((CONF.operations.report_interval, self._host.report),
                              (CONF.operations.lease / 3, self._running.renew),
                              (CONF.operations.sync_power_interval, self._host.report_guests),
                              (CONF.audit.interval, self._tasks.audit.look),
                              (CONF.network.compare_interval, self.agent.compare),
                              (CONF.compute.prune_interval, self._host.prune_images)):
            self._periodic.append(concurrency.every(seconds, _log_failure(work)))

    def stop(self, seconds):
        """Start no more tasks, wait up to ``seconds`` for those that run, and report that this host stops.

        Leases of tasks that did not end are given up at once, so that this host's next start, or another host, goes on.
        :returns: whether all tasks have ended and the driver is closed.
        """
        left = self._running.drain(max(seconds - _CLOSING, seconds * 0.7))
        for each in self._periodic:
            each.stop(0)
        if left:
            LOG.warning("%d operation(s) did not end within %g s and are given up", len(left), seconds)
        _log_failure(self._host.stopped)(left)
        closed = concurrency.spawn(self._close).wait(_CLOSING)
        return closed and not left

    def _close(self):
        self._network.close()
        self._driver.close()


def _log_failure(work):
    """``work``, wrapped so that an unavailable conductor or hypervisor is only logged: the next run makes up for it."""
    @functools.wraps(work)
    def guarded(*args):
        try:
            work(*args)
        except (*PEER_AWAY, exceptions.HypervisorError) as error:
            LOG.warning("%s: %s", work.__name__, error)
    return guarded


class Endpoint:
    """The endpoint of ``rpcapi.ComputeAPI``.  Operations run in threads of their own, so messages do not wait.

    :param tasks: a Tasks.
    """

    target = rpc.Target(version=VERSION)

    def __init__(self, tasks):
        self._tasks = tasks
        self._dispatcher = Dispatcher(_run_task)
        # Builds have a limit of their own, so that many of them never delay a stop.
        self._gates = {BUILDS: threading.BoundedSemaphore(CONF.operations.max_concurrent_builds),
                       None: contextlib.nullcontext()}

    def _start(self, task, context, operation_id):
        """Run ``task``, a method with the name of its operation, as soon as the operation's limit allows it."""
        gate = self._gates[OPERATIONS[task.__name__].gate]
        self._dispatcher.dispatch(gate, task, context, operation_id)

    def build_server(self, context, operation_id):
        self._start(self._tasks.build.build_server, context, operation_id)

    def stop_server(self, context, operation_id):
        self._start(self._tasks.power.stop_server, context, operation_id)

    def start_server(self, context, operation_id):
        self._start(self._tasks.power.start_server, context, operation_id)

    def reboot_server(self, context, operation_id):
        self._start(self._tasks.power.reboot_server, context, operation_id)

    def hard_reboot_server(self, context, operation_id):
        self._start(self._tasks.power.hard_reboot_server, context, operation_id)

    def pause_server(self, context, operation_id):
        self._start(self._tasks.pause.pause_server, context, operation_id)

    def unpause_server(self, context, operation_id):
        self._start(self._tasks.pause.unpause_server, context, operation_id)

    def suspend_server(self, context, operation_id):
        self._start(self._tasks.pause.suspend_server, context, operation_id)

    def resume_server(self, context, operation_id):
        self._start(self._tasks.pause.resume_server, context, operation_id)

    def rebuild_server(self, context, operation_id):
        self._start(self._tasks.rebuild.rebuild_server, context, operation_id)

    def rescue_server(self, context, operation_id):
        self._start(self._tasks.rescue.rescue_server, context, operation_id)

    def unrescue_server(self, context, operation_id):
        self._start(self._tasks.rescue.unrescue_server, context, operation_id)

    def snapshot_server(self, context, operation_id):
        self._start(self._tasks.snapshot.snapshot_server, context, operation_id)

    def backup_server(self, context, operation_id):
        self._start(self._tasks.snapshot.backup_server, context, operation_id)

    def resize_server(self, context, operation_id):
        self._start(self._tasks.resize.resize_server, context, operation_id)

    def confirm_resize(self, context, operation_id):
        self._start(self._tasks.resize.confirm_resize, context, operation_id)

    def revert_resize(self, context, operation_id):
        self._start(self._tasks.resize.revert_resize, context, operation_id)

    def change_password(self, context, operation_id):
        self._start(self._tasks.guest.change_password, context, operation_id)

    def shelve_server(self, context, operation_id):
        self._start(self._tasks.shelve.shelve_server, context, operation_id)

    def offload_server(self, context, operation_id):
        self._start(self._tasks.shelve.offload_server, context, operation_id)

    def unshelve_server(self, context, operation_id):
        self._start(self._tasks.shelve.unshelve_server, context, operation_id)

    def attach_interface(self, context, operation_id):
        self._start(self._tasks.interfaces.attach_interface, context, operation_id)

    def detach_interface(self, context, operation_id):
        self._start(self._tasks.interfaces.detach_interface, context, operation_id)

    def add_fixed_ip(self, context, operation_id):
        self._start(self._tasks.interfaces.add_fixed_ip, context, operation_id)

    def remove_fixed_ip(self, context, operation_id):
        self._start(self._tasks.interfaces.remove_fixed_ip, context, operation_id)

    def soft_delete_server(self, context, operation_id):
        self._start(self._tasks.delete.soft_delete_server, context, operation_id)

    def restore_server(self, context, operation_id):
        self._start(self._tasks.power.restore_server, context, operation_id)

    def delete_server(self, context, operation_id):
        self._start(self._tasks.delete.delete_server, context, operation_id)

    def get_diagnostics(self, context, server_id):
        return self._tasks.guest.get_diagnostics(context, server_id)

    def trigger_crash_dump(self, context, server_id):
        self._tasks.guest.trigger_crash_dump(context, server_id)

    def sync_power(self, context, server_id):
        self._tasks.guest.sync_power(context, server_id)

    def get_console_output(self, context, server_id, max_bytes):
        return self._tasks.console.get_console_output(context, server_id, max_bytes)

    def open_console(self, context, server_id, protocol):
        return self._tasks.console.open_console(context, server_id, protocol)

    def cache_images(self, context, images):
        self._tasks.images.cache_images(context, images)

    def audit(self, context, asked):
        concurrency.spawn(_log_failure(self._tasks.audit.look_now), asked)


def _run_task(task, context, operation_id):
    """Run the task of an operation and log why it failed.

    A message that came twice or late, and an unavailable conductor, are no errors: the conductor sends it again.
    """
    try:
        task(context, operation_id)
    except (exceptions.Fenced, exceptions.Cancelled, exceptions.Stopping, exceptions.OperationNotFound,
            exceptions.ServerNotFound) as error:
        LOG.debug("%s", error)
    except PEER_AWAY as error:
        LOG.warning("Operation %s was not started: %s", operation_id, error)
    except Exception:
        LOG.exception("Task of operation %s", operation_id)
