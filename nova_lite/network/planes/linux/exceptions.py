"""What can fail on a host; the text becomes the server's fault."""

from nova_lite.common import exceptions


class HostNetworkError(exceptions.NovaLiteError):
    template = "The network of this host cannot be set up: {reason}"


class RangeInUse(HostNetworkError):
    template = ("Network {network_id} ({cidr}) cannot be used on this host, which reaches {other} by another way ("
                "'{ip} route show {other}' names it). Take that route away, or use a network with another range.")
