"""What can fail on a host; the text becomes the server's fault."""

from nova_lite.common import exception


class HostNetworkError(exception.NovaLiteError):
    template = "The network of this host cannot be set up: {reason}"


class RangeInUse(HostNetworkError):
    template = "Network {network_id} ({cidr}) cannot be used on this host: it reaches {other} by another way."
