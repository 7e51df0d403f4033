"""``nova-lite-conductor``: flows, and the hosts' only door to state.  Any number of them share the work."""

from nova_lite.cmd import single


def main():
    single.run("nova-lite-conductor", _make)


def _make():
    from nova_lite.cmd.doors import Doors
    from nova_lite.cmd.services import Conductor
    return Conductor(Doors())


if __name__ == "__main__":
    main()
