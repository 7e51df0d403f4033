"""Who provides the services of the network API beyond networks, of which routers are the only one."""

from nova_lite.network.planes.capabilities import Capability, plane_capabilities, plane_name

#: Neutron's name of the service that routers are.
_ROUTERS = "L3_ROUTER_NAT"


class ServiceProviders:
    """Dicts of service_type, name and default."""

    @staticmethod
    def list(ask):
        """Those that the filters of ``ask`` fit: the data plane, where it has routers."""
        found = []
        if Capability.ROUTERS in plane_capabilities():
            found.append({"service_type": _ROUTERS, "name": plane_name(), "default": True})
        return [each for each in found if all(each[name] in wanted for name, wanted in ask.filters.items())]
