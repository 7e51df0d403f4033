"""The image service of our own: rows in the database, files in the store, bytes inspected while they arrive."""

from nova_lite.image.embedded.data import Data
from nova_lite.image.embedded.for_servers import ForServers
from nova_lite.image.embedded.sweep import Sweep


class Embedded(ForServers, Data, Sweep):
    """The image facade when no Glance is configured."""

    embedded = True
    timeout = 0
