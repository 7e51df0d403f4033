"""A cluster whose one host runs real guests, on a libvirtd of the tests' own, with real bridges and DHCP servers."""

import contextlib
import os
import subprocess
import sys

import libvirt

from nova_lite.network.planes.linux import bridge, dhcp, wiring
from nova_lite.network.planes.linux.parts import cloud_of
from nova_lite.network.planes.state import Store
from nova_lite.objects.states import Power
from nova_lite.virt.libvirt import disks
from tests import clouds, hypervisor, tiny_guest
from tests.faults import invariants
from tests.faults.real import clusters

_POWERS = {libvirt.VIR_DOMAIN_RUNNING: Power.RUNNING, libvirt.VIR_DOMAIN_SHUTOFF: Power.SHUTDOWN,
           libvirt.VIR_DOMAIN_PAUSED: Power.PAUSED, libvirt.VIR_DOMAIN_CRASHED: Power.CRASHED,
           libvirt.VIR_DOMAIN_SHUTDOWN: Power.RUNNING}


@contextlib.contextmanager
def prepared():
    """What a run with real guests needs besides a cluster: {"daemon": a libvirtd, "image": bytes of a guest's disk}."""
    assert os.geteuid() == 0, "real guests and networks need root"
    with contextlib.contextmanager(hypervisor.private_libvirtd)() as daemon:
        yield {"daemon": daemon, "image": tiny_guest.disk(hypervisor.GREETING)}


class RealCluster(clusters.Cluster):
    """:param daemon: the private libvirtd."""

    def __init__(self, layout, directory, daemon):
        super().__init__(layout, directory)
        self._daemon = daemon

    def register(self, image):
        """Make the image of a guest that greets, and obeys its power button; its id."""
        made = self.post("/image/v2/images", {"name": "tiny", "disk_format": "raw", "container_format": "bare",
                                              "visibility": "public"}, user="admin").body["id"]
        filled = self.request("PUT", f"/image/v2/images/{made}/file", user="admin", data=image,
                              headers={"Content-Type": "application/octet-stream"})
        assert filled.status == 204, filled.text
        return made

    def close(self):
        """Take guests and networks away too, whatever state they are in."""
        try:
            super().close()
        finally:
            for host in self.layout.hosts:
                self._sweep(host)

    def _sweep(self, host):
        code = ("from nova_lite.cmd import base; import sys; base.configure(['--config-file', sys.argv[1]], 'sweep')\n"
                "from nova_lite.cmd import remove; remove._remove_from_host()")
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, clusters.config_of(self, host)],
                              cwd=clouds.ROOT, capture_output=True, text=True, check=False, timeout=120,
                              env={**os.environ, "PYTHONPATH": clouds.ROOT})
        assert done.returncode == 0, done.stderr

    # ---- what there really is

    def _host(self, name):
        directory = clusters.host_dir(self, name)
        store = Store(os.path.join(directory, "network"))
        segments = store.segments()
        return invariants.Host(
            guests=self._domains(),
            ports={port.port_id: port.server_id for segment in segments for port in segment.ports},
            files=set(disks.survey(directory)),
            taps={each for segment in segments for each in bridge.members(segment.bridge)},
            networks=set(wiring.owned(cloud_of(directory))),
            leases={each.partition(",")[0] for network in store.networks()
                    for each in dhcp.known(store.directory(network))})

    def _domains(self):
        connection = libvirt.open(self._daemon.uri)
        try:
            return {each.UUIDString(): _POWERS.get(each.state()[0], Power.NOSTATE)
                    for each in connection.listAllDomains()}
        finally:
            connection.close()
