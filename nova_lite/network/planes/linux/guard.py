"""Security groups and anti-spoofing in force on this host: what the kernel has of them, and what is to be changed."""

import dataclasses
import logging

from nova_lite.network.planes.groups import EGRESS, INGRESS, allows
from nova_lite.network.planes.known_groups import Group, Groups
from nova_lite.network.planes.linux import conntrack, groups, nft, pieces, ports, zones
from nova_lite.network.planes.linux.exceptions import HostNetworkError

LOG = logging.getLogger(__name__)


class Guard:
    """:param cloud: the tables' name.  :param load: loads text for nftables, as ``Nft.run``.
    :param native: runs a callable in a native thread.
    :param anti_spoofing, by_groups: what is to be in force.
    :param uplinks: {physical network: the NIC by which this host is on it}.
    """

    def __init__(self, cloud, load, native, anti_spoofing, by_groups, uplinks=None):
        self._cloud, self._load, self._native, self._uplinks = cloud, load, native, uplinks or {}
        self._anti_spoofing, self._by_groups = anti_spoofing, by_groups
        self._loaded = None         # {name of a thing: Piece} that the kernel has; None: what it has is not known
        self._made = {}             # {name of a thing: (what it was made of, Piece)}
        self._numbers = {}          # Profile -> its number
        self._state = _State({}, Groups(), {})
        self._unpaced = None        # why packets cannot be limited by number; "": they can; None: nobody has tried
        self._is_uncut = True       # whether connections may be open that rules do not allow: at the start nobody knows

    def distrust(self):
        """Another program may have changed the tables: the next ``enforce`` replaces them."""
        self._loaded = None

    def text(self):
        """What the tables are to have, as text for nftables; "": it is not known, or nothing."""
        return pieces.whole(self._cloud, ports.FAMILIES, self._loaded.values()) if self._loaded else ""

    def fault(self, port):
        """Why a port's packets are not limited by number, as they should be; ""."""
        return self._unpaced or "" if ports.is_paced(port) else ""

    def _paceable(self, some):
        """Ports as they can be in force: one rule that the kernel does not know would keep all others out."""
        if any(map(ports.is_paced, some)) and self._unpaced is None:
            try:
                self._load(ports.trial(self._cloud))
                self._unpaced = ""
            except HostNetworkError as error:
                self._unpaced = f"The kernel limits no numbers of packets (nft_limit): {error}"
                LOG.error("%s", self._unpaced)
        if not self._unpaced:
            return some
        return [dataclasses.replace(port, qos={name: each for name, each in port.qos.items() if "_pps" not in name})
                for port in some]

    def enforce(self, segments, parts, known):
        """Put the rules of these networks' ports in force, and end connections that they do not let pass any more.

        :param segments: [state.Segment].  :param parts: {network id: parts.Parts}.
        :param known: known_groups.Groups.  :raises HostNetworkError:
        """
        if not segments:
            self._end(known)
            return
        numbers, new = self._native(zones.allot, self._cloud, [each.network_id for each in segments])
        if new:
            self._native(_empty, new)
        some = self._paceable([port for each in segments for port in each.ports])
        state = _State({port.port_id: port for port in some}, known, numbers)
        wanted = self._pieces(state, segments, parts)
        self._put(wanted)
        before, self._state = self._state, state
        self._cut(before, state)

    def _end(self, known):
        """Take all of it away, with the connections of ports that were here."""
        self._load("".join(nft.nothing(each, self._cloud) for each in ports.FAMILIES))
        before, self._state = self._state, _State({}, known, {})
        self._loaded, self._made, self._numbers = None, {}, {}
        self._cut(before, self._state)
        self._native(zones.allot, self._cloud, [])

    def _cut(self, before, state):
        if not self._by_groups:
            return
        narrowed = set(state.ports) | set(before.ports) if self._is_uncut else _narrowed(before, state)
        if narrowed:
            self._is_uncut = True
            self._native(_cut, before, state, narrowed)
            self._is_uncut = False

    def _put(self, wanted):
        if self._loaded is not None:
            text = pieces.difference(self._cloud, self._loaded, wanted)
            self._loaded = None                 # unknown, where loading ends by an exception
            try:
                if text:
                    self._load(text)
                self._loaded = wanted
                return
            except HostNetworkError as error:
                LOG.info("Rules of ports are replaced as a whole, for they changed meanwhile: %s", error)
        self._load(pieces.whole(self._cloud, ports.FAMILIES, wanted.values()))
        self._loaded = wanted

    def _pieces(self, state, segments, parts):
        made = {}

        def make(name, function, *sources):
            known = self._made.get(name)
            made[name] = known if known is not None and known[0] == sources else (sources, function(*sources))
        profiles = self._profiles(state)
        different = {*profiles.values()}
        self._number(different)
        make("head", ports.head, self._anti_spoofing, any(not each.stateful for each in different))
        for each in segments:
            make(("network", each.network_id), ports.of_network, parts[each.network_id], state.zones[each.network_id],
                 each.legs, self._uplinks.get(each.physical_network), _has_dhcp(each))
        for key, port in state.ports.items():
            profile = profiles.get(key)
            make(("port", key), ports.of_port, port, self._numbers.get(profile), profile is None or profile.stateful)
        for mark in {port.qos["dscp_mark"] for port in state.ports.values() if "dscp_mark" in port.qos}:
            make(("mark", mark), ports.of_mark, mark)
        make("ranges", ports.of_ranges, frozenset(
            (port.bridge, key not in profiles or profiles[key].stateful, network)
            for key, port in state.ports.items() if port.allowed_pairs and port.port_security
            for _, network in ports.pairs_of(port) if network.num_addresses > 1))
        self._make_groups(make, different, state.known)
        self._made = made
        return {name: piece for name, (_, piece) in made.items()}

    def _profiles(self, state):
        """{port id: Profile} of the ports that are checked by groups; most have the same ones."""
        made, found = {}, {}
        for key, port in state.ports.items():
            if self._by_groups and port.port_security and port.security_groups is not None:
                if port.security_groups not in made:
                    made[port.security_groups] = groups.profile_of(port, state.known)
                found[key] = made[port.security_groups]
        return found

    def _make_groups(self, make, profiles, known):
        for profile in sorted(profiles):
            make(("profile", self._numbers[profile]), groups.of_profile, self._numbers[profile], profile)
            for each in profile.groups:
                make(("group", each), groups.of_group, each, known.groups.get(each, Group())._replace(members={}))
        members, addresses = groups.needed(profiles, known)
        for each in sorted(members):
            make(("members", each), groups.of_members, each, known.groups.get(each, Group()).members)
        for each in sorted(addresses):
            make(("addresses", each), groups.of_addresses, each, known.addresses.get(each, ()))

    def _number(self, profiles):
        """Give each profile a number that none had when the last rules were put in force."""
        used = set(self._numbers.values())
        self._numbers = {profile: number for profile, number in self._numbers.items() if profile in profiles}
        for profile in sorted(profiles - self._numbers.keys()):
            free = next((each for each in range(1, groups.LAST_PROFILE + 1) if each not in used), None)
            if free is None:
                raise HostNetworkError(reason=f"ports here have more than {groups.LAST_PROFILE} different combinations "
                                              f"of security groups")
            used.add(free)
            self._numbers[profile] = free


def _has_dhcp(segment):
    """Whether DHCP answers guests of IPv4."""
    return any(each["dhcp"] for each in segment.subnets.values())


class _State:
    """:ivar ports: {port id: state.Port}.  :ivar known: known_groups.Groups.  :ivar zones: {network id: number}"""

    def __init__(self, its_ports, known, its_zones):
        self.ports, self.known, self.zones = its_ports, known, its_zones


def _narrowed(before, now):
    """Ids of ports for which something may have passed that does not now."""
    if before.known is now.known and before.ports == now.ports:
        return set()
    changed = {key for key, port in before.ports.items()
               if _limits(port) != _limits(now.ports.get(key))}
    shrunk = _shrunk_groups(before.known, now.known) if before.known is not now.known else set()
    return changed | {key for key, port in now.ports.items()
                      if port.port_security and shrunk & {*(port.security_groups or ())}}


def _limits(port):
    return port and (port.port_security, port.security_groups and sorted(port.security_groups), _addresses(port),
                     sorted(port.allowed_pairs), port.network_id)


def _addresses(port):
    return tuple(sorted(each["ip"] for each in port.addresses))


def _shrunk_groups(before, now):
    """Ids of security groups whose rules let less pass now."""
    fewer = {key for key, each in before.groups.items()
             if not _members(each) <= _members(now.groups.get(key, Group()))}
    fewer |= {key for key, each in before.addresses.items() if not {*each} <= {*now.addresses.get(key, ())}}
    found = {key for key in now.groups if before.groups.get(key, Group()).rules is None}     # what passed is not known
    for key, each in before.groups.items():
        new = now.groups.get(key, Group())
        rules = set((each.rules or {}).values())
        if rules - set((new.rules or {}).values()) or any(
                {rule.remote_group, rule.remote_addresses} & fewer for rule in rules):
            found.add(key)
    return found


def _members(group):
    return {each for some in group.members.values() for each in some}


def _empty(numbers):
    """Remove what is left in zones of networks that had them before."""
    for some in conntrack.of_zones(numbers).values():
        for each in some:
            conntrack.remove(each)


def _cut(before, now, port_ids):
    """End the connections of these ports that the rules let not begin any more, and all of addresses that are gone."""
    zones_of = {port.network_id: number for state in (before, now) for port in state.ports.values()
                if port.port_id in port_ids and (number := state.zones.get(port.network_id)) is not None}
    open_now = conntrack.of_zones(set(zones_of.values()))
    for network_id, zone in zones_of.items():
        had, have = (Holders(port for port in state.ports.values() if port.network_id == network_id)
                     for state in (before, now))
        for each in open_now[zone]:
            if _is_over(each.flow, (had, have), port_ids, now.known):
                # Where an end is here still, it may send on.
                is_here = have.of(each.flow.source) or have.of(each.flow.target)
                conntrack.end(each) if is_here else conntrack.remove(each)


class Holders:
    """Which ports of one network an address is of.  :param some: [state.Port], with their allowed address pairs."""

    def __init__(self, some):
        self._single, self._ranges = {}, []
        for port in some:
            pairs = [network for _, network in ports.pairs_of(port)]
            single = {*(address for version in ports.addresses_of(port) for address in version),
                      *(each.network_address for each in pairs if each.num_addresses == 1)}
            for each in single:
                self._single.setdefault(each, []).append(port)
            self._ranges += [(each, port) for each in pairs if each.num_addresses > 1]

    def by_itself(self, address):
        """[Port]: those that name the address alone."""
        return self._single.get(address, [])

    def of(self, address):
        """{port id: Port}"""
        return {port.port_id: port for port in (*self.by_itself(address), *(
            port for network, port in self._ranges if address.version == network.version and address in network))}


def _is_over(first, holders, port_ids, known):
    """:param first: the groups.Packet that a connection began with.  :param holders: the Holders before and now.

    Where a port lost an address, the connection goes on if those that have it now let it begin.
    """
    had, have = holders
    for address, direction in ((first.source, EGRESS), (first.target, INGRESS)):
        here = have.of(address)
        asked = [port for key, port in here.items() if key in port_ids]
        if (had.of(address).keys() & port_ids) - here.keys():
            others = have.by_itself(address)
            if not others and not asked:
                return True
            asked += others
        if any(_is_ruled(port, known) and not allows(port, direction, first, known) for port in asked):
            return True
    return False


def _is_ruled(port, known):
    """Whether the rules of all its groups are known."""
    return port.port_security and port.security_groups is not None and all(
        each in known.groups and known.groups[each].rules is not None for each in port.security_groups)
