"""oslo.policy rules, one module a resource; importing this package declares them all."""

import importlib
import pkgutil

from nova_lite.common import policy


def _load():
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        policy.declare(getattr(module, "RULES", ()))


_load()
