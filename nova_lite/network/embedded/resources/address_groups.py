"""Address groups: rules of security groups refer to all addresses of one at once."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.address_groups import AddressGroup
from nova_lite.db.network import address_groups as group_queries
from nova_lite.db.network import group_scopes, rows
from nova_lite.network import canonical
from nova_lite.network import security_exceptions as exceptions
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.sharing import users_without

#: The most prefixes of one group: hosts hold each of them.
MOST_ADDRESSES = 1000


class AddressGroups(Resource):
    """Dicts as the columns of the model, ``shared``, and ``addresses``: prefixes without host bits, in order."""

    resource = "address_group"
    _query = staticmethod(group_queries.groups)
    model = AddressGroup

    def __init__(self, changes):
        self._changes = changes

    @staticmethod
    def missing(group_id):
        return exceptions.AddressGroupNotFound(group_id=group_id)

    def _insert(self, session, context, values):
        """:param values: project_id, and name, description, addresses (prefixes in any notation)."""
        values = {"id": new_id(), **values}
        addresses = _prefixes(values.pop("addresses", None) or [])
        _check_number(values["id"], addresses)
        rows.insert(session, AddressGroup, values)
        group_queries.add(session, values["id"], addresses)
        self._changed(session, values["id"])
        return values["id"]

    def _changed(self, session, group_id):
        group_scopes.address_group_changed(session, group_id)
        self._changes.groups(session)

    def update(self, context, group, values, revision=None):
        with db.writer():
            self.write(self.hold(group["id"], revision), values)
            return self.load(ALL, group["id"], context.own_project)

    def add_addresses(self, context, group, addresses):
        """:raises AddressesAlreadyExist: nothing is added then.  :raises TooManyAddresses: they are too many together.
        """
        with db.writer() as session:
            found = self.hold(group["id"])
            wanted = _prefixes(addresses, canonical.network_or_address)
            present = [each for each in wanted if each in found["addresses"]]
            if present:
                raise exceptions.AddressesAlreadyExist(addresses=present, group_id=group["id"])
            _check_number(group["id"], found["addresses"] + wanted)
            group_queries.add(session, group["id"], wanted)
            self._changed(session, group["id"])
            return self.load(ALL, group["id"], context.own_project)

    def remove_addresses(self, context, group, addresses):
        """:raises AddressesNotFound: nothing is removed then."""
        with db.writer() as session:
            found = self.hold(group["id"])
            unwanted = _prefixes(addresses, canonical.network_or_address)
            absent = [each for each in unwanted if each not in found["addresses"]]
            if absent:
                raise exceptions.AddressesNotFound(addresses=absent, group_id=group["id"])
            group_queries.remove(session, group["id"], unwanted)
            self._changed(session, group["id"])
            return self.load(ALL, group["id"], context.own_project)

    def delete(self, context, group, revision=None):
        """:raises AddressGroupInUse: a rule refers to it."""
        with db.writer() as session:
            self.hold(group["id"], revision)
            if (group_queries.users(session, group["id"]) or group_queries.in_templates(session, group["id"])
                    or not self.remove(group["id"])):
                raise exceptions.AddressGroupInUse(group_id=group["id"])
            group_scopes.address_group_gone(session, group["id"])

    @staticmethod
    def check_unshared(group, target):
        """:raises AddressGroupInUse: rules of projects refer to a group that they may not use once it is not shared
            with ``target``.
        """
        with db.reader() as session:
            if users_without(session, group, target, group_queries.users(session, group["id"])):
                raise exceptions.AddressGroupInUse(group_id=group["id"])


def _prefixes(texts, form=canonical.network_prefix):
    """Each prefix once, without host bits, in the order of ``texts``.  :param form: that makes a prefix of a text."""
    return list(dict.fromkeys(map(form, texts)))


def _check_number(group_id, addresses):
    if len(addresses) > MOST_ADDRESSES:
        raise exceptions.TooManyAddresses(group_id=group_id, limit=MOST_ADDRESSES, wanted=len(addresses))
