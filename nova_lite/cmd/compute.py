"""``nova-lite-compute``: one a host; runs its guests and their network.  It holds no database credentials."""

from nova_lite.cmd import run_service, state_dir
from nova_lite.conf import CONF


def main():
    run_service.run("nova-lite-compute", _make)


def _make():
    from nova_lite.cmd.services import Compute, make_driver
    state_dir.prepare(CONF.state_dir)
    return Compute(make_driver())


if __name__ == "__main__":
    main()
