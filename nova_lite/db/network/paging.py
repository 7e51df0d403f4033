"""Lists of networks, subnets, ports and security groups, filtered, ordered and paged; a resource is a dict.

Attributes are the API's names where one is shown that no column has: ``ATTRIBUTES`` says what each is in SQL.
"""

import dataclasses
import datetime
import functools

import sqlalchemy as sa

from nova_lite.common.visibility import NO_PROJECT
from nova_lite.db.models.address_groups import AddressGroup
from nova_lite.db.models.default_security_group_rules import DefaultSecurityGroupRule
from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.network_sharing import RbacPolicy
from nova_lite.db.models.network_tags import TAG_TABLES
from nova_lite.db.models.networks import (
    AddressScope,
    FixedIp,
    Network,
    Port,
    PortBinding,
    PortSecurityGroup,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    SubnetPool,
)
from nova_lite.db.models.port_forwardings import PortForwarding
from nova_lite.db.models.qos import QosPolicy, QosRule
from nova_lite.db.models.routers import Router
from nova_lite.db.models.segments import Segment
from nova_lite.db.models.trunks import Trunk
from nova_lite.db.network import port_bindings

_NETWORKS = Network.__table__
_SUBNETS = Subnet.__table__
_PORTS = Port.__table__
_BINDINGS = PortBinding.__table__
_IPS = FixedIp.__table__
_GROUPS = SecurityGroup.__table__
_RULES = SecurityGroupRule.__table__
_MEMBERS = PortSecurityGroup.__table__
_SECOND = datetime.timedelta(seconds=1)
_TAGS = {name: sa.select(made.c.resource_id, made.c.tag).order_by(made.c.tag) for name, made in TAG_TABLES.items()}


@dataclasses.dataclass(frozen=True)
class Page:
    """Which resources of a list, in what order.

    :ivar filters: {attribute or one of CONDITIONS: values}; unknown names are the caller's mistake.
    :ivar sort: ((attribute, descending), ...); the id is added.
    :ivar after: the id of the marker; None starts at the beginning.
    :ivar reverse: the page ends before the marker (None: at the end of the list) instead of beginning behind it.
    :ivar viewer: the project that ``shared`` is for in a list of all projects' resources.
    """

    filters: dict = dataclasses.field(default_factory=dict)
    sort: tuple = ()
    limit: int | None = None
    after: str | None = None
    reverse: bool = False
    viewer: str = NO_PROJECT


WHOLE = Page()


def _attributes(table, **computed):
    made = {**{column.name: column for column in table.columns}, **computed}
    return made | ({"revision_number": table.c.revision} if "revision" in table.c else {})


#: Of a trunk: ACTIVE while its parent port is.
TRUNK_STATUS = sa.select(port_bindings.STATUS).where(_PORTS.c.id == Trunk.__table__.c.port_id).correlate(
    Trunk.__table__).scalar_subquery()

ATTRIBUTES = {
    "networks": _attributes(_NETWORKS, is_default=sa.func.coalesce(_NETWORKS.c.is_default, sa.false())),
    "address_scopes": _attributes(AddressScope.__table__),
    "subnetpools": _attributes(SubnetPool.__table__),
    "subnets": _attributes(_SUBNETS),
    "ports": _attributes(
        _PORTS, status=port_bindings.STATUS,
        device_id=sa.func.coalesce(_PORTS.c.server_id, _PORTS.c.device_id), host=port_bindings.shown(_BINDINGS.c.host),
        vif_type=port_bindings.shown(_BINDINGS.c.vif_type)),
    "security_groups": _attributes(_GROUPS),
    "security_group_rules": _attributes(_RULES),
    "address_groups": _attributes(AddressGroup.__table__),
    "default_security_group_rules": _attributes(DefaultSecurityGroupRule.__table__),
    "routers": _attributes(Router.__table__),
    "floatingips": _attributes(FloatingIp.__table__, status=sa.case(
        (FloatingIp.__table__.c.router_id.is_not(None), "ACTIVE"), else_="DOWN")),
    "port_forwardings": _attributes(PortForwarding.__table__),
    "rbac_policies": _attributes(RbacPolicy.__table__),
    "qos_policies": _attributes(QosPolicy.__table__),
    "qos_rules": _attributes(QosRule.__table__),
    "segments": _attributes(Segment.__table__),
    "trunks": _attributes(Trunk.__table__, status=TRUNK_STATUS),
}


def _tagged(table, tags, *, every):
    """Whether a resource has ``tags``, all or any of them."""
    made, wanted = TAG_TABLES[table.name], set(tags)
    having = sa.select(sa.func.count()).where(made.c.resource_id == table.c.id, made.c.tag.in_(wanted))
    return having.correlate(table).scalar_subquery() >= (len(wanted) if every else 1)


def _by_address(table, wanted):
    """Ports with an address for which every one of ``wanted`` holds: {"ip_address", "subnet_id",
    "ip_address_substr"}: lists of values, any of which fits.
    """
    fits = []
    for name, column in (("ip_address", _IPS.c.ip), ("subnet_id", _IPS.c.subnet_id)):
        if name in wanted:
            fits.append(column.in_(wanted[name]))
    if "ip_address_substr" in wanted:
        fits.append(sa.or_(*(_IPS.c.ip.contains(each, autoescape=True) for each in wanted["ip_address_substr"])))
    return _PORTS.c.id.in_(sa.select(_IPS.c.port_id).where(*fits))


#: Filters that are no comparison with one attribute: name -> callable(table, value) -> condition.
CONDITIONS = {
    "tags": lambda table, tags: _tagged(table, tags, every=True),
    "tags-any": lambda table, tags: _tagged(table, tags, every=False),
    "not-tags": lambda table, tags: ~_tagged(table, tags, every=True),
    "not-tags-any": lambda table, tags: ~_tagged(table, tags, every=False),
    "changed_since": lambda table, since: table.c.updated_at >= max(since),
    "subnet_ip_version": lambda table, versions: table.c.id.in_(
        sa.select(_SUBNETS.c.network_id).where(_SUBNETS.c.ip_version.in_(versions))),
    "fixed_ips": _by_address,
    "security_groups": lambda table, groups: _PORTS.c.id.in_(
        sa.select(_MEMBERS.c.port_id).where(_MEMBERS.c.security_group_id.in_(groups))),
}


def _is_one_of(attribute, values):
    """An attribute has one of ``values``; moments are shown to the second, and '' stands for what is not set."""
    said = [each for each in values if each != ""]
    if any(isinstance(each, datetime.datetime) for each in said):
        return sa.or_(*(sa.and_(attribute >= each, attribute < each + _SECOND) for each in said))
    if len(said) == len(values):
        return attribute.in_(said)
    return sa.or_(attribute.in_(values if isinstance(attribute.type, sa.String) else said), attribute.is_(None))


def page_of(session, asked, table, page, **computed):
    """Dicts of one page of a table's rows, with tags where the table's resources have them.

    :param asked: a SELECT of the table's columns from which filters, order and limit are still missing.
    :param computed: more attributes than ATTRIBUTES has, in SQL.
    """
    attributes = ATTRIBUTES[table.name] | computed
    for name, values in page.filters.items():
        if name in CONDITIONS:
            asked = asked.where(CONDITIONS[name](table, values))
        else:
            asked = asked.where(_is_one_of(attributes[name], values))
    order = [(_comparable(attributes[name]), descending is not page.reverse)
             for name, descending in (*page.sort, ("id", False))]
    if page.after is not None:
        values = session.execute(sa.select(*(column.label(f"k{number}") for number, (column, _) in enumerate(order)))
                                 .where(table.c.id == page.after)).one()
        asked = asked.where(_beyond(order, values))
    asked = asked.order_by(*(column.desc() if descending else column for column, descending in order))
    if page.limit is not None:
        asked = asked.limit(page.limit)
    answer = session.execute(asked)
    names = tuple(answer.keys())
    found = [dict(zip(names, row, strict=True)) for row in answer]
    found = found[::-1] if page.reverse else found
    return tags(session, table, found) if table.name in TAG_TABLES else found


def tags(session, table, found):
    """Give each resource (a dict) of a table its ``tags``, in order."""
    owned = grouped(session, _TAGS[table.name], found)
    for each in found:
        each["tags"] = [row.tag for row in owned.get(each["id"], ())]
    return found


def _comparable(attribute):
    """An attribute to sort by: what may be null comes first, on every database, and False before True."""
    if isinstance(attribute.type, sa.Boolean):
        return sa.case((attribute, 1), else_=0)
    if not getattr(attribute, "nullable", False):
        return attribute
    return sa.func.coalesce(attribute, "" if isinstance(attribute.type, sa.String) else -1)


def _beyond(order, values):
    """The condition that a row comes after one whose ``values`` are given, in ``order``."""
    ways, same = [], []
    for (column, descending), value in zip(order, values, strict=True):
        ways.append(sa.and_(*same, column < value if descending else column > value))
        same.append(column == value)
    return sa.or_(*ways)


def grouped(session, asked, owners, by=None):
    """{owner's id: rows} of what ``asked`` selects, for the listed ``owners``.

    :param asked: a SELECT that is the same object each time.
    :param by: the name of its column with the owner's id; None: the first one.
    """
    if not owners:
        return {}
    answer = session.execute(_of_owners(asked, by), {"owners": [each["id"] for each in owners]})
    place, made = tuple(answer.keys()).index(by) if by else 0, {}
    for row in answer:
        made.setdefault(row[place], []).append(row)
    return made


@functools.lru_cache(1024)
def _of_owners(asked, by):
    """``asked`` with the bind parameter "owners".  A statement that stays the same object is compiled and described
    once: that takes longer than to execute it.
    """
    column = asked.selected_columns[by] if by else asked.selected_columns[0]
    return asked.where(column.in_(sa.bindparam("owners", expanding=True)))
