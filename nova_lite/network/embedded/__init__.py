"""The embedded network service: networks and ports kept in this cloud's own database."""

from nova_lite.network.embedded.attachments import Attachments
from nova_lite.network.embedded.groups import SecurityGroupRules, SecurityGroups
from nova_lite.network.embedded.memberships import Memberships
from nova_lite.network.embedded.networks import Networks
from nova_lite.network.embedded.ports import Ports
from nova_lite.network.embedded.requests import Requests
from nova_lite.network.embedded.servers import Servers
from nova_lite.network.embedded.subnets import Subnets


class Backend:
    """One attribute a room; every backend has ``servers`` and ``requests``, the others are for the REST floor."""

    def __init__(self):
        self.networks = Networks()
        self.subnets = Subnets(self.networks)
        self.security_groups = SecurityGroups()
        self.security_group_rules = SecurityGroupRules(self.security_groups)
        self.ports = Ports(self.networks, self.security_groups)
        self.servers = Servers(self.networks)
        self.requests = Requests()
        self.attachments = Attachments()
        self.memberships = Memberships()
