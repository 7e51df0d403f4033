"""The backends of services: built in, or brought by an installed package as an entry point of a group of its service.

Such an entry point is loaded and called without arguments, in each process that makes the service's facade.
"""

from importlib import metadata

BUILT_IN = "embedded"


def make(service, name, built_in):
    """The backend of a service ("network", "image") of a name.

    :param built_in: {name: callable() -> backend}.
    :raises ValueError: there is none of that name.
    """
    return built_in[name]() if name in built_in else _entry_point(service, name).load()()


def check(service, name):
    """:raises ValueError: a service has no backend of a name, built in or installed."""
    if name != BUILT_IN:
        _entry_point(service, name)


def _entry_point(service, name):
    group = f"nova_lite.{service}_backends"
    installed = metadata.entry_points(group=group)
    for each in installed:
        if each.name == name:
            return each
    known = ", ".join(sorted({BUILT_IN, *installed.names}))
    raise ValueError(f"{name[:50]!r} is no backend of the {service} service: there are {known}, and whichever "
                     f"installed packages have as entry points of the group {group}")
