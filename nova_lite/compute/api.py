"""The door to the compute floor: one attribute a capability."""

from nova_lite.compute.actions.build import Build
from nova_lite.compute.actions.console import Console
from nova_lite.compute.actions.delete import Delete
from nova_lite.compute.actions.power import Power
from nova_lite.compute.rpcapi import ComputeAPI
from nova_lite.conductor.rpcapi import ConductorAPI


class API:
    """:param image, network: the facades whose resources servers use."""

    def __init__(self, image, network):
        compute, conductor = ComputeAPI(), ConductorAPI()
        self.build = Build(image, network, conductor)
        self.power = Power(compute)
        self.delete = Delete(compute, conductor)
        self.console = Console(compute)
