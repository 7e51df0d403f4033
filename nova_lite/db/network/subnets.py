"""Subnets: those that a project sees."""

import sqlalchemy as sa

from nova_lite.common.visibility import ALL
from nova_lite.db.models.networks import Network, Subnet
from nova_lite.db.network import paging, sharing

_NETWORKS = Network.__table__
_SUBNETS = Subnet.__table__


def subnets(session, project_id, page=paging.WHOLE):
    """Those of networks that the project sees, each with ``router:external``."""
    shared = sharing.is_shared(_SUBNETS.c.network_id, page.viewer if project_id is ALL else project_id).element
    external = sharing.is_external(_SUBNETS.c.network_id)
    asked = sa.select(_SUBNETS, external)
    if project_id is not ALL:
        asked = asked.join(_NETWORKS, _NETWORKS.c.id == _SUBNETS.c.network_id).where(
            sa.or_(_NETWORKS.c.project_id == project_id, _SUBNETS.c.project_id == project_id,
                   sharing.is_seen(_SUBNETS.c.network_id, project_id)))
    found = paging.page_of(session, asked, _SUBNETS, page, shared=shared, external=external.element)
    return [each | {"router:external": bool(each.pop("external"))} for each in found]
