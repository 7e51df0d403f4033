"""Names of what a network, or a router, has on a host: bridge, namespace, the links between them, and whose they are.
"""

import dataclasses
import hashlib
import os
import uuid

#: The ends of the links inside a namespace: towards guests, and towards the host.
LAN, WAN = "lan", "wan"
#: Where guests ask for their metadata.
METADATA = "169.254.169.254"
BRIDGES, PORTS, LINKS, LEGS = "nlb", "nlg", "nlt", "nlr"
_ID = 11            # characters of a network's id that fit into a device's name


def cloud_of(state_dir):
    """This cloud's name among tables and namespaces: two clouds on one machine have different state directories."""
    return "nova_lite_" + hashlib.sha256(os.path.realpath(state_dir).encode()).hexdigest()[:8]


@dataclasses.dataclass(frozen=True)
class Parts:
    """:param cloud: of ``cloud_of``.  :param network_id: of a network, or of a router, which has no bridge."""

    cloud: str
    network_id: str

    @property
    def bridge(self):
        """In the host's namespace, without an address; guests' taps and ``port`` are on it."""
        return BRIDGES + self.network_id[:_ID]

    @property
    def port(self):
        """The bridge's end of the link to LAN."""
        return PORTS + self.network_id[:_ID]

    @property
    def link(self):
        """The host's end of the link to WAN."""
        return LINKS + self.network_id[:_ID]

    @property
    def namespace(self):
        return f"{prefix(self.cloud)}{self.network_id}"

    @property
    def mark(self):
        """What ``ip link`` shows as alias, so that a device shows whose it is."""
        return f"{self.cloud}:{self.network_id}"


def leg(port_id):
    """(the end on the network's bridge, the end in the router's namespace) of the link of a router's port."""
    return LEGS + port_id[:_ID], "leg" + port_id[:_ID]


def prefix(cloud):
    """With what the names of a cloud's namespaces begin."""
    return f"{cloud}-"


def owner(cloud, text):
    """The id of the network that an alias or a namespace's name belongs to; None: it is not this cloud's."""
    for beginning in (prefix(cloud), f"{cloud}:"):
        if text and text.startswith(beginning):
            try:
                return str(uuid.UUID(text.removeprefix(beginning)))
            except ValueError:
                return None
    return None
