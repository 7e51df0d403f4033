"""oslo.config options, one module a group; each module declares GROUP (or None) and OPTS."""

import importlib
import pkgutil

from oslo_config import cfg

CONF = cfg.CONF


def modules():
    """Yield every module of options, sorted by name."""
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        yield importlib.import_module(f"{__name__}.{info.name}")


def register(conf=CONF):
    """Register every option on ``conf``; doing it twice is harmless."""
    for module in modules():
        conf.register_opts(module.OPTS, group=module.GROUP)


register()
