"""The default external network, and the networks that projects were given when they asked for any."""

import sqlalchemy as sa

from nova_lite.db.models.auto_topologies import AutoTopology
from nova_lite.db.models.networks import Network
from nova_lite.db.network import sharing
from nova_lite.db.rows import attempt

_TOPOLOGIES, _NETWORKS = AutoTopology.__table__, Network.__table__


def default_external(session):
    """The id of the external network that is the default one; None."""
    return session.scalar(sa.select(_NETWORKS.c.id).where(_NETWORKS.c.is_default, sharing.is_external(_NETWORKS.c.id)))


def try_default(session, network_id):
    """Make a network the default external one; False, and nothing written, where another is."""
    with attempt(session) as tried:
        session.execute(sa.update(_NETWORKS).where(_NETWORKS.c.id == network_id).values(is_default=True))
    return not tried.refused


def of_project(session, project_id):
    """A row of network_id and router_id; None."""
    return session.execute(sa.select(_TOPOLOGIES).where(_TOPOLOGIES.c.project_id == project_id)).first()


def add(session, project_id, network_id, router_id):
    session.execute(sa.insert(_TOPOLOGIES).values(project_id=project_id, network_id=network_id, router_id=router_id))
