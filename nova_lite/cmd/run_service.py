"""The frame of the scripts that run one service a process."""

import sys

from nova_lite.cmd import base
from nova_lite.common import exceptions


def run(prog, make, argv=None):
    """Read the configuration, build the service by ``make()``, run it until a signal asks to stop.

    ``make`` is called when everything may be imported, and returns an object with start and stop.
    """
    try:
        base.configure(sys.argv[1:] if argv is None else argv, prog)
        base.set_up_log()
        base.obey_failpoints()
        serve(make)
    except exceptions.NovaLiteError as error:
        base.fail(error)


def serve(make):
    """Join the bus, start, wait, stop; a process whose consumers hang restarts itself under the same process id."""
    from nova_lite.cmd import services
    from nova_lite.cmd.liveness import Liveness
    from nova_lite.common import rpc
    rpc.init()
    service = make()
    service.start()
    liveness = Liveness(service.servers, service.database)
    seconds = base.wait_for_signal(liveness)
    clean = services.stop([service], seconds)
    if liveness.consumers_hang:
        base.start_anew()
    if clean:
        rpc.cleanup()
    base.leave(clean)
