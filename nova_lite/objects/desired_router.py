"""Desired state of routers: what a plane needs to pass packets, and to translate addresses."""

from nova_lite.objects.base import Object, fields, register


@register
class DesiredRouterAddress(Object):
    """An address of a router's port."""

    VERSION = "2.1"
    fields = {
        "ip": fields.StringField(),
        "cidr": fields.StringField(),                 # of its subnet: "10.0.0.0/24"
        "subnet_id": fields.StringField(),
        "gateway": fields.StringField(nullable=True),         # its subnet's; a gateway port's default route leads there
        # Of a gateway port: whether hosts reach its range; since 2.1.
        "host_access": fields.BooleanField(default=True),
    }


@register
class DesiredRouterPort(Object):
    """An interface of a router, or its gateway."""

    VERSION = "2.1"
    fields = {
        "port_id": fields.StringField(),
        "network_id": fields.StringField(),
        "mac": fields.StringField(),
        "mtu": fields.IntegerField(),                 # of its network
        "addresses": fields.ListOfObjectsField("DesiredRouterAddress"),
        "admin_state_up": fields.BooleanField(default=True),  # False: the router passes nothing by it; since 2.1
        "physical_network": fields.StringField(nullable=True, default=None),      # of its network; since 2.1
    }

    @property
    def is_up(self):
        """Of an older peer's ports nothing else is known."""
        return not self.obj_attr_is_set("admin_state_up") or self.admin_state_up


@register
class DesiredRoute(Object):
    VERSION = "2.0"
    fields = {
        "destination": fields.StringField(),          # "10.8.0.0/16"
        "nexthop": fields.StringField(),
    }


@register
class DesiredRouter(Object):
    """A router.  ``revision`` counts its changes: of two of one router the one with the greater number is newer."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "revision": fields.IntegerField(),
        "project_id": fields.StringField(),
        "admin_state_up": fields.BooleanField(),      # False: it passes nothing
        "snat": fields.BooleanField(),                # whether what leaves by the gateway gets the gateway's address
        "gateway": fields.ObjectField("DesiredRouterPort", nullable=True),
        "interfaces": fields.ListOfObjectsField("DesiredRouterPort"),
        "routes": fields.ListOfObjectsField("DesiredRoute"),
    }


@register
class DesiredPortForwarding(Object):
    """Ports of a floating IP that lead to ports of a guest, both ends included: as many, or all to one."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "protocol": fields.StringField(),             # "tcp", "udp", ...
        "external_first": fields.IntegerField(),
        "external_last": fields.IntegerField(),
        "ip": fields.StringField(),                   # the guest's
        "port_id": fields.StringField(),              # which has ip
        "internal_first": fields.IntegerField(),
        "internal_last": fields.IntegerField(),
    }


@register
class DesiredFloatingIp(Object):
    """A floating IP that a router translates; the router answers for its address on the gateway's network.

    Either all of it stands for ``fixed_ip``, or some ports of it lead elsewhere.
    """

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "revision": fields.IntegerField(),
        "router_id": fields.StringField(),
        "network_id": fields.StringField(),           # the external one
        "ip": fields.StringField(),
        "mac": fields.StringField(),                  # of the port that keeps the address, for planes that answer by it
        "fixed_ip": fields.StringField(nullable=True),
        "port_id": fields.StringField(nullable=True),         # which has fixed_ip
        "forwardings": fields.ListOfObjectsField("DesiredPortForwarding"),
    }


@register
class RouterChanges(Object):
    """What is new in the scope of one router since the revision that its follower has; fields as of ScopeChanges."""

    VERSION = "2.0"
    fields = {
        "scope": fields.StringField(),                # "router:ID"
        "revision": fields.IntegerField(),
        "whole": fields.BooleanField(),
        "more": fields.BooleanField(),
        "routers": fields.ListOfObjectsField("DesiredRouter"),        # that one, where it changed
        "floating_ips": fields.ListOfObjectsField("DesiredFloatingIp"),   # those that changed
        "gone": fields.ListOfStringsField(),
    }


def of_router(router_id):
    """The scope of a router and all that its followers make of it."""
    return f"router:{router_id}"
