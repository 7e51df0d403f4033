"""The hosts that networks are on, as agents of the network API, and their availability zones."""

import datetime

from nova_lite import db
from nova_lite.common import clock
from nova_lite.conf import CONF
from nova_lite.db import hosts
from nova_lite.network import exceptions
from nova_lite.network.embedded import zones
from nova_lite.network.listing import page_of
from nova_lite.network.planes.capabilities import Capability, plane_capabilities, plane_name


class Agents:
    """Dicts of id, host, binary, topic, agent_type, availability_zone, admin_state_up, alive, configurations,
    created_at, heartbeat_timestamp and description.
    """

    def list(self, context, ask):
        """Those that the filters of ``ask`` fit, sorted; its page begins behind its marker.

        :raises AgentNotFound: the marker is none.
        """
        if ask.marker is not None:
            self.get(context, ask.marker)
        return page_of(_agents(), ask, "id")

    @staticmethod
    def get(context, agent_id):
        """:raises AgentNotFound:"""
        found = next((each for each in _agents() if each["id"] == agent_id), None)
        if found is None:
            raise exceptions.AgentNotFound(agent_id=agent_id)
        return found

    @staticmethod
    def zones(ask):
        """[{"name", "resource": "network" or "router", "state"}] of the zones that hosts are in."""
        alive = {}
        for each in _agents():
            alive[each["availability_zone"]] = alive.get(each["availability_zone"], False) or each["alive"]
        kinds = ("network", "router") if Capability.ROUTERS in plane_capabilities() else ("network",)
        found = [{"name": name, "resource": kind, "state": "available" if up else "unavailable"}
                 for name, up in sorted(alive.items()) for kind in kinds]
        return [each for each in found if all(each[name] in wanted for name, wanted in ask.filters.items())]


def _agents():
    stale = clock.now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
    with db.reader() as session:
        rows = hosts.services(session, binary=zones.BINARY)
    return [_agent(row, stale) for row in rows]


def _agent(row, stale):
    seen = row.last_seen_at
    return {"id": row.uuid, "host": row.host, "binary": row.binary, "topic": row.topic,
            "agent_type": f"nova_lite {plane_name()} plane", "admin_state_up": True,
            "availability_zone": zones.name(row.availability_zone),
            "alive": not row.forced_down and seen is not None and seen >= stale,
            "configurations": {"plane": plane_name(), "capabilities": sorted(plane_capabilities())},
            "created_at": row.created_at, "heartbeat_timestamp": seen, "description": None}
