"""The compute facade, which controllers call: one attribute a capability."""

from nova_lite.compute.actions.aggregates import Aggregates
from nova_lite.compute.actions.build import Build
from nova_lite.compute.actions.console import Console
from nova_lite.compute.actions.delete import Delete
from nova_lite.compute.actions.external_events import ExternalEvents
from nova_lite.compute.actions.flavors import Flavors
from nova_lite.compute.actions.floating_proxy import FloatingProxy
from nova_lite.compute.actions.group_proxy import GroupProxy
from nova_lite.compute.actions.guest import Guest
from nova_lite.compute.actions.guests import Guests
from nova_lite.compute.actions.hosts import Hosts
from nova_lite.compute.actions.image_proxy import ImageProxy
from nova_lite.compute.actions.instance_actions import InstanceActions
from nova_lite.compute.actions.interfaces import Interfaces
from nova_lite.compute.actions.keypairs import Keypairs
from nova_lite.compute.actions.limits import Limits
from nova_lite.compute.actions.metadata import Metadata, Tags
from nova_lite.compute.actions.migrations import Migrations
from nova_lite.compute.actions.pause import Pause
from nova_lite.compute.actions.power import Power
from nova_lite.compute.actions.rebuild import Rebuild
from nova_lite.compute.actions.relocation import Relocation
from nova_lite.compute.actions.remote_consoles import RemoteConsoles
from nova_lite.compute.actions.rescue import Rescue
from nova_lite.compute.actions.reset_state import ResetState
from nova_lite.compute.actions.resize import Resize
from nova_lite.compute.actions.security_groups import SecurityGroups
from nova_lite.compute.actions.server_groups import ServerGroups
from nova_lite.compute.actions.servers import Locks, Servers
from nova_lite.compute.actions.shelve import KEEP as KEEP_ZONE  # noqa: F401 - the controller names it
from nova_lite.compute.actions.shelve import Shelve
from nova_lite.compute.actions.snapshot import Snapshot
from nova_lite.compute.actions.usage import Usage
from nova_lite.compute.rpcapi import ComputeAPI
from nova_lite.conductor.rpcapi import ConductorAPI


class API:
    """:param image, network: the facades whose resources servers use."""

    def __init__(self, image, network):
        compute, conductor = ComputeAPI(), ConductorAPI()
        # what begins an operation
        self.build = Build(image, network, conductor)
        self.power = Power(compute)
        self.pause = Pause(compute)
        self.rebuild = Rebuild(image, network, compute, conductor)
        self.rescue = Rescue(image, compute)
        self.snapshot = Snapshot(image, compute)
        self.resize = Resize(compute)
        self.guest = Guest(compute)
        self.shelve = Shelve(self.snapshot, compute, conductor)
        self.delete = Delete(compute, conductor, image, network)
        self.interfaces = Interfaces(network, compute)
        # what asks a host
        self.console = Console(compute)
        self.remote_consoles = RemoteConsoles(compute)
        self.aggregates = Aggregates(image, compute)
        # what the database alone answers or changes
        self.servers = Servers(network)
        self.locks = Locks()
        self.reset_state = ResetState(image, network)
        self.security_groups = SecurityGroups(network)
        self.metadata = Metadata()
        self.tags = Tags()
        self.guests = Guests(network)
        self.flavors = Flavors()
        self.keypairs = Keypairs()
        self.limits = Limits()
        self.hosts = Hosts()
        self.usage = Usage()
        self.migrations = Migrations()
        self.relocation = Relocation()
        self.image_proxy = ImageProxy(image)
        self.group_proxy = GroupProxy(network)
        self.floating_proxy = FloatingProxy(network)
        self.external_events = ExternalEvents(network, compute)
        self.server_groups = ServerGroups()
        self.instance_actions = InstanceActions()
