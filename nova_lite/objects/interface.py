"""What a network service says of the NICs of one server, and compute keeps of them."""

import dataclasses

from nova_lite.objects.server import Address, Nic


@dataclasses.dataclass(frozen=True)
class Interface:
    """One NIC.

    :ivar index: its place in the guest's order.  :ivar nic: objects.Nic.
    :ivar owned: its port was made for the server, and goes with it.
    :ivar floating: [{"ip", "fixed_ip"}], floating IPs and the addresses that they stand for; hosts need them not.
    """

    index: int
    nic: object
    owned: bool
    floating: tuple = ()


@dataclasses.dataclass(frozen=True)
class ServerNetwork:
    """:ivar interfaces: in order.  :ivar security_groups: their names, port by port."""

    interfaces: tuple = ()
    security_groups: tuple = ()

    def to_dict(self):
        """As JSON; ``from_dict`` reads it."""
        return {"security_groups": list(self.security_groups), "interfaces": [
            {"index": each.index, "owned": each.owned, "floating": list(each.floating), "nic": _plain(each.nic) | {
                "addresses": [_plain(one) for one in each.nic.addresses]}} for each in self.interfaces]}

    @classmethod
    def from_dict(cls, values):
        return cls(tuple(map(_interface, values["interfaces"])), tuple(values["security_groups"]))

    @property
    def nics(self):
        return [each.nic for each in self.interfaces]

    @property
    def addresses(self):
        """As lists of servers show them."""
        return [shown for each in self.interfaces for shown in _shown(each)]


def _shown(interface):
    """Its own addresses, and then those that stand for one of them."""
    nic = interface.nic
    of = {"network": nic.network_name, "mac": nic.mac}
    return [*({**of, "addr": each.ip, "version": each.version, "type": "fixed"} for each in nic.addresses),
            *({**of, "addr": each["ip"], "version": 4, "type": "floating"} for each in interface.floating)]


def _interface(said):
    addresses = [Address.make(**each) for each in said["nic"]["addresses"]]
    return Interface(said["index"], Nic.make(**said["nic"] | {"addresses": addresses}), said["owned"],
                     tuple(said.get("floating", ())))


def _plain(thing):
    return {name: getattr(thing, name) for name in type(thing).fields if thing.obj_attr_is_set(name)}
