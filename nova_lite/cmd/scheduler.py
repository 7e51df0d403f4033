"""``nova-lite-scheduler``: finds hosts and claims their room.  Any number of them share the work."""

from nova_lite.cmd import single


def main():
    single.run("nova-lite-scheduler", _make)


def _make():
    from nova_lite.cmd.services import Scheduler
    return Scheduler()


if __name__ == "__main__":
    main()
