"""The facades of one process, built from the configuration: what controllers, flows and start-up call."""

from nova_lite.compute.api import API as Compute
from nova_lite.identity.api import API as Identity
from nova_lite.image.api import API as Image
from nova_lite.network.api import API as Network


class Facades:
    """:ivar identity, image, network, compute: the facades."""

    def __init__(self):
        self.identity = Identity()
        self.image = Image()
        self.network = Network()
        self.compute = Compute(self.image, self.network)
