"""The part of the auditor that compares the database with a remote network service, asked outside of transactions.

The service's answer may be outdated.  So a difference counts only where nobody changed the server's ports meanwhile:
the server has no task, the ledger no open change for it, and its interfaces were not written since the request.
"""

import logging

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.compute.actions import network_info
from nova_lite.db import interfaces, service_changes
from nova_lite.objects.drift import Finding
from nova_lite.objects.interface import ServerNetwork

LOG = logging.getLogger(__name__)


def check(network, servers, repair):
    """[Finding] of the servers' ports; [] where the service does not answer.

    :param network: the facade.  :param servers: rows with id and task_state.  :param repair: whether to repair.
    """
    try:
        return _differing(network, [each.id for each in servers if each.task_state is None], repair)
    except exceptions.PeerAway as error:
        LOG.warning("The network service cannot be compared with the database: %s", error)
        return []


def _differing(network, server_ids, repair):
    """[Finding] of servers that show other addresses, security groups or interfaces than their ports have."""
    with db.reader() as session:
        versions = interfaces.versions(session, server_ids)
    said = network.describe(sorted(versions))
    networks = {each: said.get(each, ServerNetwork()) for each in versions}
    with db.reader() as session:
        same = {each for each, version in interfaces.versions(session, list(versions)).items()
                if version == versions[each]}
        networks = {each: networks[each] for each in same - service_changes.in_motion(session, sorted(same))}
        differing = sorted(interfaces.differ(session, networks) | interfaces.shown_otherwise(session, networks))
    if differing and repair:
        network_info.refresh(network, differing)
    return [Finding.of("addresses_differ", each, "its interfaces are not as its ports", repair) for each in differing]
