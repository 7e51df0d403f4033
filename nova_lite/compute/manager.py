"""One host's compute service: the list of its endpoints, its start-up and its periodic work."""

import contextlib
import functools
import logging
import threading

from nova_lite.common import concurrency, exception
from nova_lite.common.doorbells import Doorbells
from nova_lite.compute.tasks.audit import Audit
from nova_lite.compute.tasks.build import Build
from nova_lite.compute.tasks.console import Console
from nova_lite.compute.tasks.delete import Delete
from nova_lite.compute.tasks.guest import Guest
from nova_lite.compute.tasks.host import Host, patiently
from nova_lite.compute.tasks.images import Images
from nova_lite.compute.tasks.interfaces import Interfaces
from nova_lite.compute.tasks.pause import Pause
from nova_lite.compute.tasks.power import Power
from nova_lite.compute.tasks.rebuild import Rebuild
from nova_lite.compute.tasks.rescue import Rescue
from nova_lite.compute.tasks.resize import Resize
from nova_lite.compute.tasks.running import AWAY, Running
from nova_lite.compute.tasks.shelve import Shelve
from nova_lite.compute.tasks.snapshot import Snapshot
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_CLOSING = 2        # seconds to let go of hypervisor and network


class Manager:
    """:param worker: name of this incarnation, "host/binary/uuid".
    :param driver: a virt.driver.Driver.  :param network: network.manager.HostNetwork or its fake.
    :param images: image.cache.ImageCache, or None where the driver needs none.
    :param conductor: conductor.rpcapi.ConductorAPI.
    """

    def __init__(self, worker, driver, network, images, conductor):
        self._driver = driver
        self._network = network
        self._running = Running(CONF.host, worker, conductor, self._remove,
                                lambda server_id: patiently(self._host.report_guest, server_id))
        self._host = Host(self._running, (driver, network, images), conductor, worker)
        self._audit = Audit(self._running, (driver, network, images), conductor)
        power = Power(self._running, driver, network)
        # Builds pass a gate of their own, so that a storm of them never delays a stop.
        builds = threading.BoundedSemaphore(CONF.operations.max_concurrent_builds)
        others = contextlib.nullcontext()
        delete = Delete(self._running, driver, network)
        pause = Pause(self._running, driver, network)
        rescue = Rescue(self._running, driver, network, images)
        snapshot = Snapshot(self._running, driver)
        resize = Resize(self._running, driver, network)
        guest = Guest(self._running, driver, _patiently(self._host.report_guest))
        shelve = Shelve(self._running, (driver, network, images), snapshot)
        interfaces = Interfaces(self._running, driver, network, conductor)
        self.endpoint = Endpoint(Console(driver), Images(images), {
            "build_server": (builds, Build(self._running, driver, network, images).build_server),
            "stop_server": (others, power.stop_server), "start_server": (others, power.start_server),
            "reboot_server": (others, power.reboot_server), "reset_server": (others, power.reset_server),
            "pause_server": (others, pause.pause_server), "unpause_server": (others, pause.unpause_server),
            "suspend_server": (others, pause.suspend_server), "resume_server": (others, pause.resume_server),
            "rebuild_server": (builds, Rebuild(self._running, driver, network, images).rebuild_server),
            "rescue_server": (builds, rescue.rescue_server), "unrescue_server": (others, rescue.unrescue_server),
            "snapshot_server": (builds, snapshot.snapshot_server), "backup_server": (builds, snapshot.backup_server),
            "resize_server": (builds, resize.resize_server), "confirm_resize": (others, resize.confirm_resize),
            "revert_resize": (others, resize.revert_resize),
            "change_password": (others, guest.change_password),
            "shelve_server": (builds, shelve.shelve_server), "offload_server": (others, shelve.offload_server),
            "unshelve_server": (builds, shelve.unshelve_server),
            "attach_interface": (others, interfaces.attach_interface),
            "detach_interface": (others, interfaces.detach_interface),
            "add_fixed_ip": (others, interfaces.add_fixed_ip),
            "remove_fixed_ip": (others, interfaces.remove_fixed_ip),
            "soft_delete_server": (others, delete.soft_delete_server),
            "restore_server": (others, power.restore_server),
            "delete_server": (others, delete.delete_server)}, self._audit, guest)
        self._periodic = []

    def _remove(self, server):
        self._driver.build.destroy(server.id)
        self._network.unplug(server.nics)

    def start(self):
        """Return when the conductor knows this host; then the endpoint may be served."""
        self._driver.host.watch(_patiently(self._host.guest_changed))
        self._host.started()

    def start_periodic(self):
        """Begin the signs of life, lease renewal and the comparison of power states."""
        for seconds, work in ((CONF.operations.report_interval, self._host.report),
                              (CONF.operations.lease / 3, self._running.renew),
                              (CONF.operations.sync_power_interval, self._host.report_guests),
                              (CONF.audit.interval, self._audit.look),
                              (CONF.compute.prune_interval, self._host.prune_images)):
            self._periodic.append(concurrency.every(seconds, _patiently(work)))

    def stop(self, seconds):
        """Begin nothing more, let what runs end within ``seconds``, and say goodbye; True when all had ended.

        What did not end is given up at once, so that this host's next start, or another host, goes on with it.
        """
        left = self._running.drain(max(seconds - _CLOSING, seconds * 0.7))
        for each in self._periodic:
            each.stop(0)
        if left:
            LOG.warning("%d operation(s) did not end within %g s and are given up", len(left), seconds)
        _patiently(self._host.stopped)(left)
        closed = concurrency.spawn(self._close).wait(_CLOSING)
        return closed and not left

    def _close(self):
        self._network.close()
        self._driver.close()


def _patiently(work):
    """The conductor or the hypervisor may be away; the next round makes it good."""
    @functools.wraps(work)
    def guarded(*args):
        try:
            work(*args)
        except (*AWAY, exception.HypervisorError) as error:
            LOG.warning("%s: %s", work.__name__, error)
    return guarded


class Endpoint:
    """What ``rpcapi.ComputeAPI`` asks.  A doorbell starts work beside, so that the next one is heard.

    :param tasks: {name: (gate that the work passes, the work)}.  :param audit: tasks.audit.Audit.
    """

    def __init__(self, console, images, tasks, audit, guest):
        self._tasks = tasks
        self._bells = Doorbells(_quietly)
        self._audit = audit
        self.get_diagnostics = guest.get_diagnostics
        self.trigger_crash_dump = guest.trigger_crash_dump
        self.sync_power = guest.sync_power
        self.get_console_output = console.get_console_output
        self.open_console = console.open_console
        self.cache_images = images.cache_images

    def build_server(self, context, operation_id):
        self._start("build_server", context, operation_id)

    def stop_server(self, context, operation_id):
        self._start("stop_server", context, operation_id)

    def start_server(self, context, operation_id):
        self._start("start_server", context, operation_id)

    def reboot_server(self, context, operation_id):
        self._start("reboot_server", context, operation_id)

    def reset_server(self, context, operation_id):
        self._start("reset_server", context, operation_id)

    def pause_server(self, context, operation_id):
        self._start("pause_server", context, operation_id)

    def unpause_server(self, context, operation_id):
        self._start("unpause_server", context, operation_id)

    def suspend_server(self, context, operation_id):
        self._start("suspend_server", context, operation_id)

    def resume_server(self, context, operation_id):
        self._start("resume_server", context, operation_id)

    def rebuild_server(self, context, operation_id):
        self._start("rebuild_server", context, operation_id)

    def rescue_server(self, context, operation_id):
        self._start("rescue_server", context, operation_id)

    def unrescue_server(self, context, operation_id):
        self._start("unrescue_server", context, operation_id)

    def snapshot_server(self, context, operation_id):
        self._start("snapshot_server", context, operation_id)

    def backup_server(self, context, operation_id):
        self._start("backup_server", context, operation_id)

    def resize_server(self, context, operation_id):
        self._start("resize_server", context, operation_id)

    def confirm_resize(self, context, operation_id):
        self._start("confirm_resize", context, operation_id)

    def revert_resize(self, context, operation_id):
        self._start("revert_resize", context, operation_id)

    def change_password(self, context, operation_id):
        self._start("change_password", context, operation_id)

    def shelve_server(self, context, operation_id):
        self._start("shelve_server", context, operation_id)

    def offload_server(self, context, operation_id):
        self._start("offload_server", context, operation_id)

    def unshelve_server(self, context, operation_id):
        self._start("unshelve_server", context, operation_id)

    def attach_interface(self, context, operation_id):
        self._start("attach_interface", context, operation_id)

    def detach_interface(self, context, operation_id):
        self._start("detach_interface", context, operation_id)

    def add_fixed_ip(self, context, operation_id):
        self._start("add_fixed_ip", context, operation_id)

    def remove_fixed_ip(self, context, operation_id):
        self._start("remove_fixed_ip", context, operation_id)

    def soft_delete_server(self, context, operation_id):
        self._start("soft_delete_server", context, operation_id)

    def restore_server(self, context, operation_id):
        self._start("restore_server", context, operation_id)

    def delete_server(self, context, operation_id):
        self._start("delete_server", context, operation_id)

    def audit(self, context, asked):
        concurrency.spawn(_patiently(self._audit.look_now), asked)

    def _start(self, name, context, operation_id):
        self._bells.ring(*self._tasks[name], context, operation_id)


def _quietly(task, context, operation_id):
    """A doorbell may ring twice or late, and a conductor may be away: the conductor will ring again."""
    try:
        task(context, operation_id)
    except (exception.Fenced, exception.Cancelled, exception.Stopping, exception.OperationNotFound,
            exception.ServerNotFound) as error:
        LOG.debug("%s", error)
    except AWAY as error:
        LOG.warning("Operation %s was not begun: %s", operation_id, error)
    except Exception:
        LOG.exception("Task of operation %s", operation_id)
