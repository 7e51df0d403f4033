"""oslo.config options, one module a group; each module declares GROUP (or None) and OPTS."""

import importlib
import pkgutil

from oslo_config import cfg

CONF = cfg.CONF

#: An option of oslo.policy's before its release 6, which enforces the scope of every rule that has scope types.
ENFORCE_SCOPE = cfg.BoolOpt(
    "enforce_scope", default=True,
    help="Refuse tokens whose scope a rule is not for, whatever their roles: with a token of the system or of a domain "
         "nobody acts in compute, image or network. false: only the roles count, so that an administrator of the "
         "system or of any domain is one of every project.")


def modules():
    """Yield every module of options, sorted by name."""
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        yield importlib.import_module(f"{__name__}.{info.name}")


def register(conf=CONF):
    """Register every option on ``conf``; doing it twice is harmless."""
    for module in modules():
        conf.register_opts(module.OPTS, group=module.GROUP)


register()
