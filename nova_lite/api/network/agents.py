"""/agents and /availability_zones"""

from nova_lite.api.network import listing, views
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({
    **{each: (each, str) for each in ("id", "agent_type", "binary", "topic", "host", "availability_zone")},
    "admin_state_up": ("admin_state_up", listing.boolean), "alive": ("alive", listing.boolean)},
    {"description": None}, common={}, tagged=False)
ZONE_FILTERS = listing.Filters({each: (each, str) for each in ("name", "resource", "state")}, common={}, tagged=False)


class Agents:
    """For operators: the hosts that have networks, and whether they are alive."""

    name, plural = "agent", "agents"

    def __init__(self, network):
        self._agents = network.agents

    def list(self, context, ask):
        return self._agents.list(context, ask)

    @validation.query(FILTERS.schema)
    def index(self, req):
        ask = FILTERS.ask(req.query)
        rows = listing.seen(req.context, "get_agent", self, ask)
        return listing.page(req, self.plural, [views.agent(each) for each in rows], ask)

    def show(self, req, id):
        row = self._agents.get(req.context, id)
        req.context.can("get_agent", {"id": id})
        return {self.name: listing.only(views.agent(row), set(req.query.get("fields", ())))}

    @validation.query(ZONE_FILTERS.schema)
    def zones(self, req):
        """Everyone with a project may see them."""
        ask = ZONE_FILTERS.ask(req.query)
        found = self._agents.zones(ask) if req.context.may("get_availability_zone") else []
        return listing.page(req, "availability_zones", found, ask, key="name",
                            path="availability_zones")
