"""Subnet pools: prefixes from which ranges of subnets are allocated."""

from nova_lite import db
from nova_lite.common import prefixes
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import AddressScope, SubnetPool
from nova_lite.db.network import rows
from nova_lite.db.network import subnet_pools as pool_queries
from nova_lite.network import canonical, exceptions, pool_exceptions
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.sharing import users_without

#: IP version -> (bits of an address, least prefix length where nobody says one).
_BOUNDS = {4: (32, 8), 6: (128, 64)}
#: Prefixes of one pool.
_MOST = 500


class SubnetPools(Resource):
    """Dicts as the columns of the model, ``shared`` and ``is_default``."""

    resource = "subnetpool"
    _query = staticmethod(pool_queries.pools)
    model = SubnetPool

    def __init__(self, address_scopes):
        self._scopes = address_scopes

    @staticmethod
    def missing(pool_id):
        return pool_exceptions.SubnetPoolNotFound(pool_id=pool_id)

    def _before(self, session, context, several, revision):
        self._lock_scopes(session, {each.get("address_scope_id") for each in several})

    @staticmethod
    def _lock_scopes(session, scope_ids):
        for each in sorted(scope_ids - {None}):
            rows.lock(session, AddressScope, each)

    def _insert(self, session, context, values):
        """:param values: project_id, name, prefixes, and description, min_prefixlen, max_prefixlen, default_prefixlen,
            default_quota, is_default, address_scope_id.
        """
        given, version = canonical.prefixes(values["prefixes"])
        bits, least = _BOUNDS[version]
        least = values.get("min_prefixlen", least)
        values = {"id": new_id(), "default_prefixlen": least, "max_prefixlen": bits, **values, "min_prefixlen": least,
                  "prefixes": _kept(given), "ip_version": version}
        is_default = values.pop("is_default", False)
        _check_bounds(values)
        self._check_scope(session, context, values)
        rows.insert(session, SubnetPool, values)
        if is_default:
            _make_default(session, values)
        return values["id"]

    def update(self, context, pool, values, revision=None):
        """:raises IllegalSubnetPoolPrefixUpdate: an address that it has would be missing."""
        with db.writer() as session:
            self._lock_scopes(session, {pool["address_scope_id"], values.get("address_scope_id")})
            return self._change(session, context, self.hold(pool["id"], revision), values)

    def _change(self, session, context, found, values):
        values = dict(values)
        if "prefixes" in values:
            values["prefixes"] = self._more(found, values["prefixes"])
        wanted = values.pop("is_default", found["is_default"])
        if found["address_scope_id"]:
            self._check_may_change(context, found)
        self._check_scope(session, context, found | values)
        _check_bounds(found | values)
        becomes = wanted and not found["is_default"]
        self.write(found, values | ({} if wanted else {"default_for": None}), touched=becomes)
        if becomes:
            _make_default(session, found)
        return self.load(ALL, found["id"], context.own_project)

    @staticmethod
    def _more(found, wanted):
        given, version = canonical.prefixes(wanted) if wanted else ([], found["ip_version"])
        if version != found["ip_version"]:
            raise pool_exceptions.PrefixVersionMismatch
        if not prefixes.within(found["prefixes"], given):
            raise pool_exceptions.IllegalSubnetPoolPrefixUpdate(
                detail="Existing prefixes must be a subset of the new prefixes")
        return _kept(given)

    def add_prefixes(self, context, pool, more, revision=None):
        """The pool with more prefixes."""
        with db.writer() as session:
            self._lock_scopes(session, {pool["address_scope_id"]})
            found = self.hold(pool["id"], revision)
            given, _ = canonical.prefixes([*found["prefixes"], *more])
            return self._change(session, context, found, {"prefixes": given})

    def remove_prefixes(self, context, pool, less, revision=None):
        """The pool without some prefixes; those that it does not have are left out.

        :raises IllegalSubnetPoolPrefixUpdate: a subnet has addresses of them, or none would be left.
        """
        with db.writer() as session:
            found = self.hold(pool["id"], revision)
            given, version = canonical.prefixes(less)
            if version != found["ip_version"] or not prefixes.overlap(given, found["prefixes"]):
                return found
            if prefixes.overlap(given, [each.cidr for each in pool_queries.allocations(session, found["id"])]):
                raise pool_exceptions.IllegalSubnetPoolPrefixUpdate(
                    detail="One or more the prefixes to be removed is in use by a subnet.")
            left = _kept(map(str, prefixes.difference(found["prefixes"], given)))
            if not left:
                raise pool_exceptions.EmptySubnetPoolPrefixList
            self.write(found, {"prefixes": left})
            return self.load(ALL, found["id"], context.own_project)

    def delete(self, context, pool, revision=None):
        """:raises SubnetPoolDeleteError: a subnet comes from it."""
        with db.writer() as session:
            self.hold(pool["id"], revision)
            if pool_queries.allocations(session, pool["id"]) or not self.remove(pool["id"]):
                raise pool_exceptions.SubnetPoolDeleteError

    # ---- sharing

    def check_shared(self, pool, target):
        """:raises InvalidInput: the pool's address scope is not shared with ``target``."""
        scope_id = pool.get("address_scope_id")
        if scope_id is not None and not self._scopes.is_shared_with(scope_id, target):
            raise exceptions.InvalidInput(detail=f"Failed to create RBAC policy on object {pool['id']} because target "
                                                 f"project doesn't have access to associated address scope.")

    @staticmethod
    def check_unshared(pool, target):
        """:raises SubnetPoolInUse: projects have subnets of a pool that they may not use once it is not shared with
            ``target``.
        """
        with db.reader() as session:
            users = {each.project_id for each in pool_queries.allocations(session, pool["id"])}
            if users_without(session, pool, target, users):
                raise pool_exceptions.SubnetPoolInUse(pool_id=pool["id"])

    # ---- checks

    def _check_may_change(self, context, pool):
        scope = self._scopes.load(ALL, pool["address_scope_id"])
        if not context.is_admin and scope["project_id"] != context.project_id:
            raise pool_exceptions.IllegalSubnetPoolUpdate(
                reason=f"subnetpool {pool['id']} cannot be updated when associated with shared address scope "
                       f"{scope['id']}")

    def _check_scope(self, session, context, pool):
        """:param pool: as it is going to be."""
        scope_id = pool.get("address_scope_id")
        if scope_id is None:
            return
        scope = self._scopes.get(context, scope_id)
        if scope["ip_version"] != pool["ip_version"]:
            raise pool_exceptions.IllegalSubnetPoolIpVersionAssociationToAddressScope(
                pool_id=pool["id"], scope_id=scope_id, ip_version=scope["ip_version"])
        mine = pool_queries.allocations(session, pool["id"])
        beside = pool_queries.sources(session, {each.network_id for each in mine}, pool["ip_version"]) if mine else ()
        if {each.id for each in beside} - {each.id for each in mine}:
            raise pool_exceptions.NetworkAddressScopeAffinityError
        for other in pool_queries.pools_of_scope(session, scope_id):
            if other.id != pool["id"] and prefixes.overlap(pool["prefixes"], other.prefixes):
                raise pool_exceptions.AddressScopePrefixConflict


def _make_default(session, pool):
    if not pool_queries.try_default(session, pool["id"], pool["ip_version"]):
        raise exceptions.InvalidInput(detail="A default subnetpool for this IP family has already been set. Only one "
                                             "default may exist per IP family.")


def _kept(texts):
    """The fewest prefixes that say the same.  :raises InvalidInput: they are too many."""
    made = prefixes.compact(texts)
    if len(made) > _MOST:
        raise exceptions.InvalidInput(detail=f"A subnet pool may have {_MOST} prefixes that are apart, and this makes "
                                             f"{len(made)}.")
    return made


def _check_bounds(pool):
    """:raises IllegalSubnetPoolPrefixBounds: lengths of prefixes that are not in order."""
    bits, _ = _BOUNDS[pool["ip_version"]]
    least, most, default = (pool[f"{name}_prefixlen"] for name in ("min", "max", "default"))
    for fits, name, bound in (
            (least <= most, f"min_prefixlen={least}", f"max_prefixlen={most}"),
            (most <= bits, f"max_prefixlen={most}", f"ip_version_max={bits}"),
            (default >= least, f"default_prefixlen={default}", f"min_prefixlen={least}"),
            (default <= most, f"default_prefixlen={default}", f"max_prefixlen={most}")):
        if not fits:
            raise pool_exceptions.IllegalSubnetPoolPrefixBounds(length=name, bound=bound)
