"""Whether ports work on the hosts that they are bound to, as these hosts say; a port that does is ACTIVE."""

import sqlalchemy as sa

from nova_lite.db.models.networks import Network, Port, PortBinding

_BINDINGS, _NETWORKS, _PORTS = (each.__table__ for each in (PortBinding, Network, Port))
_SEEN = (
    sa.select(_BINDINGS.c.port_id, _BINDINGS.c.up, _PORTS.c.server_id, _PORTS.c.revision,
              _NETWORKS.c.revision.label("network_revision"))
    .join(_PORTS, _PORTS.c.id == _BINDINGS.c.port_id).join(_NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id)
    .where(_BINDINGS.c.host == sa.bindparam("b_host"), _BINDINGS.c.port_id.in_(sa.bindparam("b_ports", expanding=True)),
           _PORTS.c.server_id.is_not(None)))
_BOUND = (sa.select(_BINDINGS.c.port_id).where(
    _BINDINGS.c.host == sa.bindparam("b_host"), _BINDINGS.c.port_id.in_(sa.bindparam("b_ports", expanding=True)))
    .order_by(_BINDINGS.c.port_id).with_for_update())
_SET = sa.update(_BINDINGS).where(
    _BINDINGS.c.host == sa.bindparam("b_host"), _BINDINGS.c.port_id.in_(sa.bindparam("b_ports", expanding=True)))
_DOWN = (
    sa.select(_PORTS.c.id).outerjoin(_BINDINGS, sa.and_(
        _BINDINGS.c.port_id == _PORTS.c.id, _BINDINGS.c.host == sa.bindparam("b_host")))
    .where(_PORTS.c.id.in_(sa.bindparam("b_ports", expanding=True)), _PORTS.c.admin_state_up,
           _BINDINGS.c.up.is_not(True))
    .order_by(_PORTS.c.id))


def seen(session, host, states):
    """A host says which of its ports work; what differs from before is written.

    A port comes to work when it has what was wanted last, and then works as long as its host says so, whatever is
    wanted meanwhile.
    :param states: {port id: (the port's revision, the network's) that works there; None: it does not work}
    :returns: (ids of the ports that do not work yet because an older revision is in force, ids of the servers of those
        that have come to work)
    """
    behind, changed, servers = [], {True: [], False: []}, set()
    for row in session.execute(_SEEN, {"b_host": host, "b_ports": list(states)}) if states else ():
        state = states[row.port_id]
        wanted = row.revision, row.network_revision
        if state is None and row.up:
            changed[False].append(row.port_id)
        elif state is not None and not row.up:
            if all(has >= want for has, want in zip(state, wanted, strict=True)):
                changed[True].append(row.port_id)
                servers.add(row.server_id)
            else:
                behind.append(row.port_id)
    differ = {"b_host": host, "b_ports": sorted([*changed[True], *changed[False]])}
    if differ["b_ports"]:
        session.execute(_BOUND, differ)         # in order, so that no two wait for each other
    for up, port_ids in changed.items():
        if port_ids:
            session.execute(_SET.values(up=up), {"b_host": host, "b_ports": port_ids})
    return behind, sorted(servers)


def down(session, host, port_ids):
    """Ids of those of some ports that do not work on ``host``; what is gone or switched off is left
    out."""
    return session.scalars(_DOWN, {"b_host": host, "b_ports": list(port_ids)}).all() if port_ids else []
