"""What a host is given to change the password of a guest's user."""

from nova_lite.conductor.effects.base import ServerEffect


class ChangePassword(ServerEffect):
    host_arguments = ("user",)
