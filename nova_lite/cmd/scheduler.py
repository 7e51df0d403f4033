"""``nova-lite-scheduler``: selects hosts and claims their free capacity.  Any number of them share the work."""

from nova_lite.cmd import run_service


def main():
    run_service.run("nova-lite-scheduler", _make)


def _make():
    from nova_lite.cmd.services import Scheduler
    return Scheduler()


if __name__ == "__main__":
    main()
