"""``nova-lite-conductor``: flows, and the hosts' only way to state.  Any number of them share the work."""

from nova_lite.cmd import run_service


def main():
    run_service.run("nova-lite-conductor", _make)


def _make():
    from nova_lite.cmd import cloud_check
    from nova_lite.cmd.facades import Facades
    from nova_lite.cmd.services import Conductor
    cloud_check.claim()
    return Conductor(Facades())


if __name__ == "__main__":
    main()
