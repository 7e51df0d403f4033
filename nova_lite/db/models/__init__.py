"""Typed models, one module a resource; importing this package knows every table."""

import importlib
import pkgutil

from nova_lite.db.base import Base

for _info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
    importlib.import_module(f"{__name__}.{_info.name}")

__all__ = ["Base"]
