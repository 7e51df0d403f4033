"""``nova-lite-metadata``: what guests ask at 169.254.169.254, as hosts forward it, signed."""

from nova_lite.cmd import run_service
from nova_lite.conf import CONF


def main():
    run_service.run("nova-lite-metadata", _make)


def _make():
    from nova_lite.api.metadata import app
    from nova_lite.cmd.address import bind
    from nova_lite.cmd.facades import Facades
    from nova_lite.cmd.services import Web
    return Web(app.build(Facades()), bind(f"{CONF.metadata.listen}:{CONF.metadata.port}"))


if __name__ == "__main__":
    main()
