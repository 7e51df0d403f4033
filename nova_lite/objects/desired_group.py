"""Desired state of security groups: their rules, and the addresses that rules of other groups mean by naming them."""

from nova_lite.objects.base import Object, fields, register


@register
class DesiredGroupRule(Object):
    """A rule, in the canonical form of the API.  At most one of remote_* is set; none: any address."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "direction": fields.StringField(),            # "ingress": to the guest; "egress": from it
        "ethertype": fields.StringField(),            # "IPv4", "IPv6"
        "protocol": fields.StringField(nullable=True),        # "tcp", "icmp", "47"; None: any
        "port_min": fields.IntegerField(nullable=True),       # of icmp the type
        "port_max": fields.IntegerField(nullable=True),       # of icmp the code; None: any
        "remote_prefix": fields.StringField(nullable=True),   # "10.0.0.0/8"
        "remote_group": fields.StringField(nullable=True),    # id of a security group: its members' addresses
        "remote_addresses": fields.StringField(nullable=True),    # id of an address group
    }


@register
class DesiredGroup(Object):
    """A security group.  ``revision`` counts its changes and those of its rules, not those of its members."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "revision": fields.IntegerField(),
        "stateful": fields.BooleanField(),            # False: replies need rules of their own
        "rules": fields.ListOfObjectsField("DesiredGroupRule"),
    }


@register
class DesiredMember(Object):
    """A port in a security group, on whatever host it is."""

    VERSION = "2.0"
    fields = {
        "port_id": fields.StringField(),
        "network_id": fields.StringField(),
        "addresses": fields.ListOfStringsField(),     # "10.0.0.4", "10.0.9.0/28": its own, and its allowed pairs'
    }


@register
class GroupChanges(Object):
    """What is new in the scope of one group since the revision that its follower has; fields as of ScopeChanges."""

    VERSION = "2.0"
    fields = {
        "scope": fields.StringField(),                # "group:ID"
        "revision": fields.IntegerField(),
        "whole": fields.BooleanField(),
        "more": fields.BooleanField(),
        "groups": fields.ListOfObjectsField("DesiredGroup"),          # that one, where it or its rules changed
        "members": fields.ListOfObjectsField("DesiredMember"),        # those that came, or have other addresses
        "gone": fields.ListOfStringsField(),          # ids of ports that left, or the group's own: it is deleted
    }


@register
class DesiredAddressGroup(Object):
    """An address group, the one resource in its own scope ("address_group:ID")."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "revision": fields.IntegerField(),
        "addresses": fields.ListOfStringsField(),     # "10.0.0.0/24"
    }


@register
class AddressGroupChanges(Object):
    """What is new in the scope of one address group; fields as of ScopeChanges."""

    VERSION = "2.0"
    fields = {
        "scope": fields.StringField(),                # "address_group:ID"
        "revision": fields.IntegerField(),
        "whole": fields.BooleanField(),
        "more": fields.BooleanField(),
        "address_groups": fields.ListOfObjectsField("DesiredAddressGroup"),
        "gone": fields.ListOfStringsField(),
    }


def of_group(group_id):
    """The scope of a security group's rules and members."""
    return f"group:{group_id}"


def of_address_group(group_id):
    return f"address_group:{group_id}"
