"""What planes refuse."""

from nova_lite.common import exceptions


class PortNotHere(exceptions.NotFound):
    template = "Port {port_id} is not on this host."


class PlaneFails(exceptions.NovaLiteError):
    """What the fake plane says when it is made to fail."""

    template = "The network of this host fails: {reason}"
