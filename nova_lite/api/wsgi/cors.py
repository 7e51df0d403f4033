"""Cross-Origin Resource Sharing by oslo.middleware: the headers by which a browser lets a page of another host ask.

It stands before everything else, so that a browser's question in advance (OPTIONS) needs no token.
"""

from nova_lite.conf import CONF


def around(application):
    """``application`` as browsers may use it; itself where no origin is allowed.

    Who sends no Origin is no page in a browser, and goes past the middleware.
    """
    if not CONF.cors.allowed_origin:
        return application
    middleware = _middleware(application)

    def answer(environ, start_response):
        return (middleware if "HTTP_ORIGIN" in environ else application)(environ, start_response)
    return answer


def _middleware(application):
    from oslo_config import cfg
    from oslo_middleware import cors  # only who uses it waits for it
    conf = cfg.ConfigOpts()                 # its own: the same options with other help would not go into ours
    conf.register_opts(cors.OPTS, "cors")
    conf([], default_config_files=[])
    for option in cors.OPTS:
        conf.set_override(option.name, CONF.cors[option.name], "cors")
    return cors.CORS(application, conf)
