"""The frame of the scripts that run one service a process."""

import sys

from nova_lite.cmd import base
from nova_lite.common import exception


def run(prog, make, argv=None):
    """Read the configuration, build the service by ``make()``, run it until a signal asks to stop.

    ``make`` is called when everything may be imported, and returns an object with start and stop.
    """
    base.configure(sys.argv[1:] if argv is None else argv, prog)
    base.set_up_log()
    base.obey_failpoints()
    try:
        serve(make)
    except exception.NovaLiteError as error:
        base.fail(error)


def serve(make):
    """Join the bus, start, wait, stop; a process that became deaf starts itself anew, under the same id."""
    from nova_lite.cmd import services
    from nova_lite.cmd.liveness import Liveness
    from nova_lite.common import rpc
    rpc.init()
    service = make()
    service.start()
    liveness = Liveness(service.servers, service.database)
    seconds = base.wait_for_signal(liveness)
    clean = services.stop([service], seconds)
    if liveness.deaf:
        base.start_anew()
    if clean:
        rpc.cleanup()
    base.leave(clean)
