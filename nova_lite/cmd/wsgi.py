"""The API for other WSGI servers: point uWSGI, gunicorn or mod_wsgi at ``nova_lite.cmd.wsgi:application``.

The environment variable NOVA_LITE_CONFIG names the configuration file; the server's own threads are used, so
``concurrency`` is always threading here.
"""

import os

from nova_lite.api.wsgi import application as wsgi
from nova_lite.cmd import base, preload
from nova_lite.conf import CONF


def _make():
    file = os.environ.get("NOVA_LITE_CONFIG")
    base.read([], "nova-lite-api", [file] if file else [])
    CONF.set_override("concurrency", "threading")
    preload.start_concurrency("threading")
    base.set_up_log()
    from nova_lite.api.wsgi import app
    from nova_lite.cmd import cloud_check, metrics
    from nova_lite.cmd.facades import Facades
    from nova_lite.common import concurrency, rpc
    rpc.init()
    cloud_check.claim()
    facades = Facades()
    concurrency.every(CONF.image.sweep_interval, facades.image.recover, first=0)
    concurrency.every(CONF.metrics.flush_interval, metrics.flush_requests)
    return app.build(facades)


wsgi.factory = _make
application = wsgi.application
