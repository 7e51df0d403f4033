"""What must happen before anything else is imported."""

import os
import warnings

from nova_lite.cmd import streams

streams.open_closed()
# Libraries import eventlet before we do.  The system's resolver will do: dnspython's costs 19 MB in each process.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")


def quiet_libraries():
    """Deprecation notices of libraries about eventlet are for developers, not for operators."""
    if not os.environ.get("NOVA_LITE_WARNINGS"):
        warnings.simplefilter("ignore", DeprecationWarning)


def start_concurrency(mode):
    from nova_lite.common import concurrency
    concurrency.start(mode)
