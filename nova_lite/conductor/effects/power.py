"""What a host is given to cut a guest's power: whether it is for the host's own restart."""

from nova_lite.conductor.effects.base import ServerEffect


class HardRebootServer(ServerEffect):
    host_arguments = ("resume",)
