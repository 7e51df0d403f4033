"""Security groups and address groups as a host knows them, in files, so that a restarted service has them.

All values are immutable: what did not change is the same object as before.
"""

import contextlib
import json
import os
import typing
import uuid

from nova_lite.network.planes.state import write

_GROUPS, _ADDRESSES = "group", "address_group"


class Rule(typing.NamedTuple):
    """Fields as of objects.DesiredGroupRule."""

    direction: str
    ethertype: str
    protocol: str | None = None
    port_min: int | None = None
    port_max: int | None = None
    remote_prefix: str | None = None
    remote_group: str | None = None
    remote_addresses: str | None = None


class Group(typing.NamedTuple):
    """A security group.

    :ivar rules: {rule's id: Rule}, None where only its members are known yet.
    :ivar members: {port id: (addresses as text)}
    """

    stateful: bool = True
    rules: dict | None = None
    members: dict = {}


class Groups(typing.NamedTuple):
    """:ivar groups: {id: Group}  :ivar addresses: {id of an address group: (addresses as text)}"""

    groups: dict = {}
    addresses: dict = {}

    def rules_of(self, ids):
        """Every Rule of the security groups that are known among ``ids``."""
        return [rule for key in ids if key in self.groups for rule in (self.groups[key].rules or {}).values()]


class KnownGroups:
    """:ivar now: the Groups at present.

    :param directory: where their files are; it need not exist.  None: nothing is kept.
    """

    def __init__(self, directory):
        self._directory = directory
        groups, addresses = {}, {}
        for name in sorted(os.listdir(directory)) if directory and os.path.isdir(directory) else ():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                kind, _, rest = name.removesuffix(".json").partition("-")
                with open(os.path.join(directory, name)) as file:
                    body = json.load(file)
                if kind == _GROUPS:
                    groups[str(uuid.UUID(rest))] = _read(body)
                elif kind == _ADDRESSES:
                    addresses[str(uuid.UUID(rest))] = tuple(body)
        self.now = Groups(groups, addresses)

    def take(self, change):
        """Merge an objects.GroupChanges or objects.AddressGroupChanges."""
        kind, _, key = change.scope.partition(":")
        if kind == _GROUPS:
            self._put(groups=self.now.groups | {key: _merged(self.now.groups.get(key, Group()), change)}, kind=kind,
                      key=key)
        else:
            found = [*change.address_groups]
            if found or key in change.gone:
                addresses = tuple(sorted(each for one in found for each in one.addresses))
                self._put(addresses=self.now.addresses | {key: addresses}, kind=kind, key=key)

    def keep(self, groups, addresses):
        """Forget all but these ids."""
        if groups >= self.now.groups.keys() and addresses >= self.now.addresses.keys():
            return
        self.now = Groups({key: each for key, each in self.now.groups.items() if key in groups},
                          {key: each for key, each in self.now.addresses.items() if key in addresses})
        kept = {_file(_GROUPS, each) for each in groups} | {_file(_ADDRESSES, each) for each in addresses}
        for name in os.listdir(self._directory) if self._directory and os.path.isdir(self._directory) else ():
            if name not in kept:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self._directory, name))

    def _put(self, *, kind, key, **what):
        self.now = self.now._replace(**what)
        if self._directory is None:
            return
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        body = _written(self.now.groups[key]) if kind == _GROUPS else list(self.now.addresses[key])
        write(os.path.join(self._directory, _file(kind, key)), json.dumps(body))


def _file(kind, key):
    return f"{kind}-{key}.json"


def _merged(known, change):
    if change.scope.partition(":")[2] in change.gone:
        return Group(rules={})              # it is deleted
    for each in change.groups:
        known = known._replace(stateful=each.stateful, rules={rule.id: Rule(
            **{name: getattr(rule, name) for name in Rule._fields}) for rule in each.rules})
    put = {each.port_id: tuple(each.addresses) for each in change.members}
    if change.whole:
        return known if put == known.members else known._replace(members=put)
    gone = [key for key in change.gone if key in known.members and key not in put]
    if not gone and all(known.members.get(key) == each for key, each in put.items()):
        return known
    members = known.members | put
    for key in gone:
        del members[key]
    return known._replace(members=members)


def _written(group):
    return {"stateful": group.stateful, "members": group.members,
            "rules": None if group.rules is None else {key: rule._asdict() for key, rule in group.rules.items()}}


def _read(body):
    rules = None if body["rules"] is None else {key: Rule(**each) for key, each in body["rules"].items()}
    return Group(bool(body["stateful"]), rules, {key: tuple(each) for key, each in body["members"].items()})
