"""The libvirt driver: its capabilities, and the connection and events that they share."""

import os

from nova_lite.common import concurrency
from nova_lite.conf import CONF
from nova_lite.virt import driver
from nova_lite.virt.libvirt.build import Build
from nova_lite.virt.libvirt.connection import Connection
from nova_lite.virt.libvirt.console import Console
from nova_lite.virt.libvirt.devices import Devices
from nova_lite.virt.libvirt.events import Events
from nova_lite.virt.libvirt.guest import Guest
from nova_lite.virt.libvirt.host import Host
from nova_lite.virt.libvirt.interfaces import Interfaces
from nova_lite.virt.libvirt.pause import Pause
from nova_lite.virt.libvirt.power import Power
from nova_lite.virt.libvirt.probe import VirtType
from nova_lite.virt.libvirt.rescue import Rescue
from nova_lite.virt.libvirt.resize import Resize
from nova_lite.virt.libvirt.snapshot import Snapshot
from nova_lite.virt.libvirt.volumes import Volumes


class LibvirtDriver(driver.Driver):
    """Guests on this machine's libvirt.  Making one connects to nothing yet; ``host.check()`` does."""

    def __init__(self, conf=CONF):
        mail = concurrency.Mailbox()
        self._connection = Connection(conf.libvirt.connection_uri, conf.host, conf.libvirt.call_timeout, mail)
        self._events = Events(self._connection, mail, os.path.realpath(conf.state_dir))
        self.virt_type = VirtType(self._connection, conf)
        self.build = Build(self._connection, conf, self.virt_type)
        self.power = Power(self._connection, self._events, self.build, conf.libvirt)
        self.pause = Pause(self._connection, self.power, self.build, conf.libvirt)
        self.rescue = Rescue(self._connection, self.build, self.power, conf)
        self.snapshot = Snapshot(self._connection, self.build, conf)
        self.resize = Resize(self._connection, self.build, conf)
        devices = Devices(self._connection, self._events, conf.libvirt)
        self.interfaces = Interfaces(devices, self.build)
        self.volumes = Volumes(devices, self.build)
        self.guest = Guest(self._connection, conf)
        self.console = Console(self._connection, conf)
        self.host = Host(self._connection, self._events, conf, self.virt_type)

    def close(self):
        self._events.close()
        self._connection.close()
