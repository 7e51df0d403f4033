"""Desired state as hosts get it: what changed of the scopes that they follow."""

from nova_lite.objects.base import Object, fields, register


@register
class DesiredPort(Object):
    """A port that a host has: its NIC, and what of its server the network shows to guests."""

    VERSION = "2.0"
    fields = {
        "nic": fields.ObjectField("Nic"),
        "server_id": fields.StringField(),
        "project_id": fields.StringField(),           # its server's
        "hostname": fields.StringField(),
    }


@register
class DesiredSubnet(Object):
    """A subnet of a DesiredNetwork; fields as those of Address."""

    VERSION = "2.1"
    fields = {
        "id": fields.StringField(),
        "cidr": fields.StringField(),
        "gateway": fields.StringField(nullable=True),
        "dns": fields.ListOfStringsField(),
        "dhcp": fields.BooleanField(),
        "host_access": fields.BooleanField(),
        "routes": fields.ListOfStringsField(default=[]),      # since 2.1
        "ra_mode": fields.StringField(nullable=True, default=None),       # since 2.1, as what follows
        "address_mode": fields.StringField(nullable=True, default=None),
    }


@register
class DesiredNetwork(Object):
    """A network that a host has ports of, or a router of such a network."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "revision": fields.IntegerField(),            # as Nic.network_revision
        "mtu": fields.IntegerField(),
        "subnets": fields.ListOfObjectsField("DesiredSubnet"),
        "routers": fields.ListOfStringsField(default=[]),     # ids of those with an interface on it
    }


@register
class ScopeChanges(Object):
    """What is new in one scope since the revision that a host has of it."""

    VERSION = "2.0"
    fields = {
        "scope": fields.StringField(),                # "host:NAME" or "network:ID"
        #: What the host has once it has applied this; with ``more``, where the next page begins.
        "revision": fields.IntegerField(),
        "whole": fields.BooleanField(),               # whether what is not named here is gone
        "more": fields.BooleanField(),                # whether another page follows
        "ports": fields.ListOfObjectsField("DesiredPort"),
        "networks": fields.ListOfObjectsField("DesiredNetwork"),
        "gone": fields.ListOfStringsField(),          # ids of ports and networks
    }


def of_host(host):
    """The scope of the ports on a host."""
    return f"host:{host}"


def of_network(network_id):
    """The scope of a network and its subnets."""
    return f"network:{network_id}"
