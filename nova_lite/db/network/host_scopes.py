"""Which hosts' desired state a change of a port touches.

A server's port is on every host that it is bound to; a port of nobody is on none, wherever its owner wants it.
"""

import sqlalchemy as sa

from nova_lite.db import desired_state
from nova_lite.db.models.networks import Port, PortBinding
from nova_lite.objects.desired_state import of_host

_BINDINGS, _PORTS = PortBinding.__table__, Port.__table__


def changed(session, host, port_ids):
    """Ports of servers that are on ``host`` (None or "": on none) are other than before."""
    if host and port_ids:
        desired_state.changed(session, of_host(host), desired_state.PORT, port_ids)


def gone(session, host, port_ids):
    """Ports are on ``host`` (None or "": on none) no more."""
    if host and port_ids:
        desired_state.gone(session, of_host(host), desired_state.PORT, port_ids)


def port_changed(session, port_id):
    """A port has other addresses, or another name.  Who reads it may compare revisions: the port's is raised, too."""
    for host in hosts_of_port(session, port_id):
        changed(session, host, [port_id])


def hosts_of_port(session, port_id):
    return [host for _, host in bound(session, _PORTS.c.id == port_id)]


def bound(session, *which):
    """[(port id, host)] of the servers' ports on hosts.  :param which: conditions on ports."""
    return session.execute(
        sa.select(_BINDINGS.c.port_id, _BINDINGS.c.host).join(_PORTS, _PORTS.c.id == _BINDINGS.c.port_id)
        .where(_PORTS.c.server_id.is_not(None), _BINDINGS.c.host != "", *which)
        .order_by(_BINDINGS.c.port_id, _BINDINGS.c.host)).all()
