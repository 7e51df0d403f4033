"""The services of a cloud, each with ``start`` and ``stop``; one process runs one of them, or all.

``start`` returns when the service does its work; ``stop`` lets running work end within a bounded time.
"""

import logging

from nova_lite import db
from nova_lite.cmd.base import worker_name
from nova_lite.common import concurrency, rpc
from nova_lite.conf import CONF
from nova_lite.db import idempotency, operations, services

LOG = logging.getLogger(__name__)


class Heart:
    """The sign of life of a service that may write to the database itself."""

    def __init__(self, binary, topic):
        self._binary = binary
        self._topic = topic
        self._beat = None

    def start(self):
        self._seen()
        self._beat = concurrency.every(CONF.operations.report_interval, self._seen)

    def _seen(self):
        with db.writer() as session:
            services.seen(session, CONF.host, self._binary, self._topic)

    def stop(self):
        if self._beat is not None:
            self._beat.stop()


class Conductor:
    def __init__(self, doors):
        from nova_lite.compute.rpcapi import ComputeAPI
        from nova_lite.conductor.manager import Manager
        from nova_lite.scheduler.rpcapi import SchedulerAPI
        self._manager = Manager(worker_name("nova-conductor"), doors, ComputeAPI(), SchedulerAPI())
        self._server = rpc.server("conductor", CONF.host, [self._manager.endpoint])
        self._heart = Heart("nova-conductor", "conductor")

    def start(self):
        self._heart.start()
        self._server.start()
        self._manager.start()

    def stop(self):
        self._manager.stop()
        self._server.stop()
        self._heart.stop()


class Scheduler:
    def __init__(self):
        from nova_lite.scheduler.manager import Endpoint
        self._server = rpc.server("scheduler", CONF.host, [Endpoint()])
        self._heart = Heart("nova-scheduler", "scheduler")

    def start(self):
        self._heart.start()
        self._server.start()

    def stop(self):
        self._server.stop()
        self._heart.stop()


class Compute:
    """:param driver: a virt.driver.Driver.  :param metadata_app: WSGI, where this very process serves metadata."""

    def __init__(self, driver, metadata_app=None):
        from nova_lite.compute.manager import Manager
        from nova_lite.conductor.rpcapi import ConductorAPI
        self._manager = Manager(worker_name("nova-compute"), driver, host_network(driver, metadata_app),
                                _image_cache(driver), ConductorAPI())
        self._server = rpc.server("compute", CONF.host, [self._manager.endpoint])

    def start(self):
        self._manager.start()
        self._server.start()
        self._manager.start_periodic()

    def stop(self):
        self._server.stop()
        self._manager.stop()


def host_network(driver, metadata_app=None):
    """The network's part on this host; for guests that are only remembered, one without effects."""
    if not driver.network:
        from nova_lite.network.host.fake import FakeHostNetwork
        return FakeHostNetwork(CONF)
    from nova_lite.network.manager import HostNetwork
    return HostNetwork(CONF, metadata_app)


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
    """A WSGI application on listening sockets."""

    def __init__(self, app, sockets):
        self._app = app
        self._sockets = sockets
        self._server = None

    def start(self):
        self._server = concurrency.serve(self._app, self._sockets)

    def stop(self):
        if self._server is not None:
            self._server.stop(5)


def forget_dead_workers():
    """In a process that holds its state directory's lock, every lease in the database is of a dead process."""
    with db.writer() as session:
        operations.release(session)
        idempotency.forget_unanswered(session)
