"""Whether the security groups of a port let a packet through, by what the database says of them."""

import typing

from nova_lite.cmd.network.words import counted
from nova_lite.common.visibility import ALL
from nova_lite.db.network import group_scopes
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import security_groups as group_queries
from nova_lite.db.network.paging import Page
from nova_lite.network.planes import groups as planes
from nova_lite.network.planes.known_groups import Group, Groups, Rule

_SAID = {planes.INGRESS: "in", planes.EGRESS: "out"}


class Step(typing.NamedTuple):
    """One thing that happens to a packet on its way.

    :ivar what: in words.  :ivar passes: False: it ends here.
    """

    what: str
    passes: bool = True


class Rules:
    """:param session: a database session."""

    def __init__(self, session):
        self._session = session

    def of(self, port, direction, packet):
        """The Step of a packet by a port's rules, with the rule that lets it through.

        :param port: as ``db.network.ports.ports`` has it.  :param packet: a ``planes.groups.Packet``.
        """
        if not port["port_security_enabled"]:
            return Step(f"port {port['id']} has no port security: no rule is asked")
        groups = self._groups(port["security_groups"])
        if planes.is_always_let(direction, packet):
            return Step(f"every port lets this {_SAID[direction]}")
        known = self._known(groups)
        for group in groups:
            for row in group["rules"]:
                if row["direction"] == direction and planes.matches(_rule(row), packet, known):
                    name = f"{group['name']} ({group['id']})"
                    return Step(f"security group {name} lets it {_SAID[direction]} by its rule {row['id']}")
        return Step(f"no rule of the security groups of port {port['id']} lets it {_SAID[direction]}: "
                    f"{_counted(groups, direction)}", False)

    def _groups(self, ids):
        return group_queries.groups(self._session, ALL, Page({"id": ids}, sort=(("name", False),))) if ids else []

    def _known(self, groups):
        """A Groups of what the rules of some groups name."""
        remote = {row["remote_group_id"] for each in groups for row in each["rules"]} - {None}
        lists = {row["remote_address_group_id"] for each in groups for row in each["rules"]} - {None}
        return Groups({each: Group(members=self._members(each)) for each in remote},
                      group_scopes.addresses(self._session, sorted(lists)))

    def _members(self, group_id):
        found = port_queries.ports(self._session, ALL, Page({"security_groups": [group_id]}))
        return {each["id"]: [one["ip_address"] for one in each["fixed_ips"]] for each in found}


def _rule(row):
    return Rule(row["direction"], row["ethertype"], row["protocol"], row["port_range_min"], row["port_range_max"],
                row["remote_ip_prefix"], row["remote_group_id"], row["remote_address_group_id"])


def _counted(groups, direction):
    """Groups with how many rules of a direction each has."""
    counts = [(each, sum(row["direction"] == direction for row in each["rules"])) for each in groups]
    return ", ".join(f"{each['name']} ({each['id']}) has {counted(number, 'rule')} for that"
                     for each, number in counts) or "it is in none"
