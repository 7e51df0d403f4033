"""Where ports are bound: each has one active binding, which names no host while the port is bound nowhere, and may have
inactive ones on other hosts.  A sub-port of a trunk is bound where the trunk's parent port is.

Who writes a binding has locked its port, or the server whose port it is.
"""

import sqlalchemy as sa

from nova_lite.common.visibility import NO_PROJECT
from nova_lite.db.models.networks import Port, PortBinding
from nova_lite.db.models.routers import RouterPort
from nova_lite.db.models.trunks import Subport, Trunk
from nova_lite.db.network import host_scopes
from nova_lite.objects.port_binding import BindingState, VifType

_BINDINGS, _PORTS, _ROUTER_PORTS = PortBinding.__table__, Port.__table__, RouterPort.__table__
TABLE = _BINDINGS
#: The binding that counts of a port in the same statement.
IS_ACTIVE = sa.and_(_BINDINGS.c.port_id == _PORTS.c.id, _BINDINGS.c.state == BindingState.ACTIVE)
_PARENTS, _TRUNKS, _SUBPORTS = _PORTS.alias("parents"), Trunk.__table__.alias("carried"), Subport.__table__
_CARRIED = _SUBPORTS.join(_TRUNKS, _TRUNKS.c.id == _SUBPORTS.c.trunk_id)


def _of_subport(column, tables=_CARRIED):
    return sa.select(column).select_from(tables).where(_SUBPORTS.c.port_id == _PORTS.c.id).correlate(
        _PORTS).scalar_subquery()


#: Of a port: that of the trunk's parent, where it is a sub-port.
IS_SHOWN = sa.and_(_BINDINGS.c.port_id == sa.func.coalesce(_of_subport(_TRUNKS.c.port_id), _PORTS.c.id),
                   _BINDINGS.c.state == BindingState.ACTIVE)
_OWN = sa.select(_BINDINGS.c.profile).where(IS_ACTIVE).correlate(_PORTS).scalar_subquery()
#: What a port shows of it; one that has none, which the auditor mends, shows itself unbound.
SHOWN = (sa.func.coalesce(_BINDINGS.c.host, "").label("host"),
         sa.func.coalesce(_BINDINGS.c.vif_type, VifType.UNBOUND).label("vif_type"),
         sa.func.coalesce(_BINDINGS.c.vnic_type, "normal").label("vnic_type"),
         _OWN.label("binding_profile"), _BINDINGS.c.vif_details)


def shown(column):
    """One column of the active binding as an attribute of ports, to filter and order them by."""
    return sa.select(column).where(IS_SHOWN).correlate(_PORTS).scalar_subquery()


#: Of a port: one that is switched off is DOWN; a server's is ACTIVE while its host says that it works, a sub-port while
#: its parent is; what a router has is always ACTIVE, and what keeps the address of a floating IP is no NIC at all.
STATUS = sa.case(
    (~_PORTS.c.admin_state_up, "DOWN"),
    (sa.and_(sa.or_(_PORTS.c.server_id.is_not(None), _of_subport(
        _PARENTS.c.admin_state_up, _CARRIED.join(_PARENTS, _PARENTS.c.id == _TRUNKS.c.port_id))),
             shown(_BINDINGS.c.up)), "ACTIVE"),
    (sa.exists().where(_ROUTER_PORTS.c.port_id == _PORTS.c.id).correlate(_PORTS), "ACTIVE"),
    (_PORTS.c.project_id == NO_PROJECT, "N/A"), else_="DOWN").label("status")


def add(session, port_id, host, profile=None):
    """The first binding of a new port.  :param host: a name; None or "": it is bound nowhere."""
    session.execute(sa.insert(_BINDINGS).values(port_id=port_id, state=BindingState.ACTIVE, profile=profile or {},
                                                vnic_type="normal", vif_details={}, **_at(host)))


def update(session, port_id, values):
    """Change the active binding of a port; an inactive one on the host that it gets makes way.

    :param values: "host" and "binding_profile", either may be missing.
    """
    if "host" in values:
        _make_way(session, [_BINDINGS.c.port_id == port_id], values["host"])
    session.execute(sa.update(_BINDINGS).where(
        _BINDINGS.c.port_id == port_id, _BINDINGS.c.state == BindingState.ACTIVE).values(_changed(values)))


def _changed(values):
    changed = _at(values["host"]) if "host" in values else {}
    return changed | ({"profile": values["binding_profile"]} if "binding_profile" in values else {})


def _make_way(session, which, host):
    """:param which: conditions on bindings."""
    session.execute(sa.delete(_BINDINGS).where(*which, _BINDINGS.c.host == (host or ""),
                                               _BINDINGS.c.state == BindingState.INACTIVE))


# ---- several bindings of one port

def of_port(session, port_id):
    """[{"host", "status", "vif_type", "vnic_type", "profile", "vif_details"}] of a port."""
    return [dict(row._mapping) for row in session.execute(
        sa.select(_BINDINGS.c.host, _BINDINGS.c.state.label("status"), _BINDINGS.c.vif_type, _BINDINGS.c.vnic_type,
                  _BINDINGS.c.profile, _BINDINGS.c.vif_details).where(_BINDINGS.c.port_id == port_id)
        .order_by(_BINDINGS.c.host))]


def add_inactive(session, port_id, host, profile):
    """One more binding.  :param host: on which the port has none."""
    session.execute(sa.insert(_BINDINGS).values(port_id=port_id, state=BindingState.INACTIVE, profile=profile or {},
                                                vnic_type="normal", vif_details={}, **_at(host)))


def update_on(session, port_id, host, values):
    """Change the binding of a port on a host.  :param values: as for ``update``; the new host has none of the port."""
    session.execute(sa.update(_BINDINGS).where(_BINDINGS.c.port_id == port_id, _BINDINGS.c.host == host).values(
        _changed(values)))


def activate(session, port_id, host):
    """The inactive binding on a host is the active one from now, and that which was is bound nowhere."""
    session.execute(sa.update(_BINDINGS).where(
        _BINDINGS.c.port_id == port_id, _BINDINGS.c.state == BindingState.ACTIVE).values(
        state=BindingState.INACTIVE, vif_type=VifType.UNBOUND, vif_details={}, up=False))
    session.execute(sa.update(_BINDINGS).where(_BINDINGS.c.port_id == port_id, _BINDINGS.c.host == host).values(
        state=BindingState.ACTIVE, up=False))


def remove_inactive(session, port_id, host):
    _make_way(session, [_BINDINGS.c.port_id == port_id], host)


def place(session, server_id, host):
    """Bind all ports of a server to one host, and to no other; the ids of those that were not so already."""
    found = {}
    for row in session.execute(sa.select(_PORTS.c.id, *SHOWN[:1], _BINDINGS.c.profile).select_from(
            _PORTS.outerjoin(_BINDINGS, IS_ACTIVE)).where(_PORTS.c.server_id == server_id).order_by(_PORTS.c.id)):
        found.setdefault(row.id, []).append(row)
    wanted, moved = host or "", []
    for port_id, rows in found.items():
        if [row.host for row in rows] != [wanted] or rows[0].profile is None:
            _replace(session, port_id, wanted, rows[0].profile)
            for row in rows:
                host_scopes.gone(session, row.host, [port_id])
            host_scopes.changed(session, host, [port_id])
            moved.append(port_id)
    return moved


def _replace(session, port_id, host, profile):
    """What was bound, and an inactive binding of that very host, makes way for one active binding."""
    session.execute(sa.delete(_BINDINGS).where(_BINDINGS.c.port_id == port_id, sa.or_(
        _BINDINGS.c.state == BindingState.ACTIVE, _BINDINGS.c.host == host)))
    add(session, port_id, host, profile)


def unbind(session, which):
    """Ports are bound nowhere any more.  :param which: conditions on ports."""
    of_these = _BINDINGS.c.port_id.in_(sa.select(_PORTS.c.id).where(*which))
    _make_way(session, [of_these], None)
    session.execute(sa.update(_BINDINGS).where(of_these, _BINDINGS.c.state == BindingState.ACTIVE).values(**_at(None)))


def _at(host):
    return {"host": host or "", "vif_type": VifType.BRIDGE if host else VifType.UNBOUND, "up": False}
