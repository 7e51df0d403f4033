"""What is served only where the data plane is capable of it."""

from nova_lite.common import exceptions


class Absent:
    """Stands for the controller of a kind of resource that the plane cannot make: nothing is found, as in Neutron
    where an extension is not loaded.

    :param made: the controller that it stands for.
    """

    def __init__(self, made):
        self._made = made

    def __getattr__(self, name):
        if not callable(getattr(self._made, name)):
            return getattr(self._made, name)
        return _not_found


def _not_found(*_, **__):
    raise exceptions.NotFound
