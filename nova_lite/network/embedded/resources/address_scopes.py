"""Address scopes: subnet pools in one have no address in common."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import AddressScope
from nova_lite.db.network import rows, sharing
from nova_lite.db.network import subnet_pools as pool_queries
from nova_lite.network import pool_exceptions
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.sharing import share, users_without


class AddressScopes(Resource):
    """Dicts as the columns of the model, and ``shared``."""

    resource = "address_scope"
    _query = staticmethod(pool_queries.scopes)
    model = AddressScope

    @staticmethod
    def missing(scope_id):
        return pool_exceptions.AddressScopeNotFound(scope_id=scope_id)

    def _insert(self, session, context, values):
        """:param values: project_id, ip_version, and name."""
        values = {"id": new_id(), **values}
        rows.insert(session, AddressScope, values)
        return values["id"]

    def update(self, context, scope, values, revision=None):
        """:raises AddressScopeUpdateError: it is shared, and would not be any more."""
        values = dict(values)
        with db.writer() as session:
            found = self.hold(scope["id"], revision)
            wanted = values.pop("shared", None)
            if wanted is False and found["shared"]:
                raise pool_exceptions.AddressScopeUpdateError(scope_id=scope["id"],
                                                         reason="Shared address scope can't be unshared")
            share(session, self, found, wanted)
            self.write(found, values)
            return self.load(ALL, scope["id"], context.own_project)

    def delete(self, context, scope, revision=None):
        """:raises AddressScopeInUse: a subnet pool is in it."""
        with db.writer() as session:
            self.hold(scope["id"], revision)
            if pool_queries.pools_of_scope(session, scope["id"]) or not self.remove(scope["id"]):
                raise pool_exceptions.AddressScopeInUse(scope_id=scope["id"])

    @staticmethod
    def check_unshared(scope, target):
        """:raises AddressScopeInUse: projects have pools in a scope that they may not use once it is not shared with
            ``target``.
        """
        with db.reader() as session:
            users = {each.project_id for each in pool_queries.pools_of_scope(session, scope["id"])}
            if users_without(session, scope, target, users):
                raise pool_exceptions.AddressScopeInUse(scope_id=scope["id"])

    @staticmethod
    def is_shared_with(scope_id, project):
        """:param project: its id; EVERYONE: whether it is shared with every project."""
        with db.reader() as session:
            return bool(sharing.targets(session, scope_id) & {sharing.EVERYONE, project})
