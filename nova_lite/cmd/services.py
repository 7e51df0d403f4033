"""The services of a cloud, each with ``start`` and ``stop``; one process runs one of them, or all.

``start`` returns when the service does its work; ``stop(seconds)`` begins nothing more, lets running work end within
that time, gives up the rest for others to go on with, and returns whether all had ended.
"""

import logging
import time

from nova_lite import db
from nova_lite.cmd import metrics
from nova_lite.cmd.base import worker_name
from nova_lite.common import concurrency, exceptions, rpc
from nova_lite.conf import CONF
from nova_lite.db import health, idempotency, operations, services

LOG = logging.getLogger(__name__)
_PING = 5.0     # seconds a round trip over the bus may take


class Heart:
    """The sign of life of a service that may write to the database itself."""

    def __init__(self, binary, topic):
        self._binary = binary
        self._topic = topic
        self._beat = None

    def start(self):
        self._seen()
        self._beat = concurrency.every(CONF.operations.report_interval, self._seen)

    def _gone(self):
        with db.writer() as session:
            services.stopped(session, CONF.host, self._binary)

    def _seen(self):
        with db.writer(relaxed=True) as session:
            services.seen(session, CONF.host, self._binary, self._topic)

    def stop(self):
        if self._beat is not None:
            self._beat.stop(1)
            self._gone()


class Conductor:
    database = True
    share = 0.9         # of the time to stop that is left when others stop after it

    def __init__(self, facades):
        from nova_lite.compute.rpcapi import ComputeAPI
        from nova_lite.conductor.manager import Manager
        from nova_lite.scheduler.rpcapi import SchedulerAPI
        self._manager = Manager(worker_name("nova-conductor"), facades, ComputeAPI(), SchedulerAPI(),
                                self._receives)
        self._server = rpc.server("conductor", CONF.host, self._manager.endpoints)
        self.servers = [self._server]
        self._heart = Heart("nova-conductor", "conductor")
        self._metrics = None

    def _receives(self):
        try:
            self._server.ping(_PING)
        except (exceptions.BusUnavailable, exceptions.NoAnswer) as error:
            LOG.warning("%s", error)
            return False
        return True

    def start(self):
        self._heart.start()
        self._server.start()
        self._manager.start()
        self._metrics = metrics.serve()

    def quiet(self, seconds):
        """Place no more servers; hosts are answered still."""
        self._manager.quiet(seconds)

    def stop(self, seconds):
        if self._metrics is not None:
            self._metrics.stop(0)
        clean = self._manager.stop(seconds * 0.7)
        clean = self._server.stop(seconds * 0.3) and clean
        self._heart.stop()
        return clean


class Scheduler:
    database = True
    share = 0.3

    def __init__(self):
        from nova_lite.scheduler.manager import Endpoint
        self._server = rpc.server("scheduler", CONF.host, [Endpoint()])
        self.servers = [self._server]
        self._heart = Heart("nova-scheduler", "scheduler")

    def start(self):
        self._heart.start()
        self._server.start()

    def stop(self, seconds):
        clean = self._server.stop(seconds)
        self._heart.stop()
        return clean


class Compute:
    """:param driver: a virt.driver.Driver.  :param metadata_app: WSGI, where this very process serves metadata."""

    database = False
    share = 0.9

    def __init__(self, driver, metadata_app=None):
        from nova_lite.compute.manager import Manager
        from nova_lite.conductor.rpcapi import ConductorAPI
        self._manager = Manager(worker_name("nova-compute"), driver, host_network(driver, metadata_app),
                                _image_cache(driver), ConductorAPI())
        self._server = rpc.server("compute", CONF.host, [self._manager.endpoint])
        self._network_server = rpc.server("network", CONF.host, [self._manager.agent.endpoint])
        self.servers = [self._server, self._network_server]

    def start(self):
        self._manager.start()
        for server in self.servers:
            server.start()
        self._manager.start_periodic()

    def stop(self, seconds):
        end = time.monotonic() + seconds
        self._network_server.stop(seconds * 0.1)
        clean = self._server.stop(seconds * 0.2)        # its work is started in other threads, so this is quick
        return self._manager.stop(end - time.monotonic()) and clean


def host_network(driver, metadata_app=None):
    """The plane of this host; for guests that are only remembered, one without effects."""
    if not driver.network:
        from nova_lite.network.planes.fake import FakePlane
        return FakePlane(CONF, driver.macs)
    from nova_lite.network.planes.linux.plane import LinuxPlane
    return LinuxPlane(CONF, metadata_app)


def _image_cache(driver):
    if not driver.image_cache:
        return None
    from nova_lite.image.cache import ImageCache
    return ImageCache(CONF)


def make_driver():
    """The hypervisor driver that ``[compute] driver`` names, connected.

    :raises HypervisorUnavailable: it cannot be reached.
    """
    if CONF.compute.driver == "fake":
        from nova_lite.virt.fake import FakeDriver
        return FakeDriver()
    from nova_lite.virt.libvirt import LibvirtDriver
    made = LibvirtDriver()
    made.host.check()
    return made


class Web:
    """A WSGI application on listening sockets.

    :param images: the image facade, whose store this process keeps clean; None: it has none.
    """

    database = True
    share = 0.5
    servers = ()

    def __init__(self, app, sockets, images=None):
        self._app = app
        self._sockets = sockets
        self._images = images
        self._server = None
        self._sweep = None
        self._request_counts = None

    def start(self):
        if self._images is not None:
            self._sweep = concurrency.every(CONF.image.sweep_interval, self._images.recover)
        self._request_counts = concurrency.every(CONF.metrics.flush_interval, metrics.flush_requests)
        health.look()
        self._server = concurrency.serve(self._app, self._sockets, concurrency.configured_limits())

    def stop(self, seconds):
        """Accept nothing more and let running requests end."""
        if self._sweep is not None:
            self._sweep.stop(0)
        clean = self._server is None or self._server.stop(seconds)
        if self._request_counts is not None:
            self._request_counts.stop(0)
            metrics.flush_requests_if_possible()
        return clean


def stop(running, seconds):
    """Stop services, the one first that gives work to the others; True when all they did had ended in time."""
    end, clean = time.monotonic() + seconds, True
    for number, service in enumerate(running, start=1):
        left = max(end - time.monotonic(), 0.5)
        try:
            clean = service.stop(left if number == len(running) else left * service.share) and clean
        except Exception:
            LOG.exception("Stopping %s", type(service).__name__)
            clean = False
    return clean


def forget_dead_workers():
    """In a process that holds its state directory's lock, every lease in the database is of a dead process."""
    with db.writer() as session:
        operations.release(session)
        idempotency.forget_unanswered(session)
