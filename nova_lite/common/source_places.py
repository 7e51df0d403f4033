"""Where functions stand in the source, as one line of text: "Power.stop nova_lite/compute/actions/power.py:16"."""

import functools
import inspect
import os
import sys

import nova_lite

_ROOT = os.path.dirname(os.path.dirname(nova_lite.__file__))


def place(function):
    """The place of a function or bound method, of what it wraps where it is a wrapper; None of any other callable."""
    return _place(getattr(function, "__func__", function))


def outermost(package, below):
    """The place of the outermost function of ``package`` on the stack; None where there is none.

    :param package: start of a module's dotted name.
    :param below: likewise; where the stack comes to a function of it, the search ends.
    """
    found, frame = None, sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(package):
            found = frame.f_code
        elif module.startswith(below):
            break
        frame = frame.f_back
    return found and _of_code(found)


@functools.lru_cache(maxsize=1024)
def _place(function):
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code and _of_code(code)


@functools.lru_cache(maxsize=1024)
def _of_code(code):
    return f"{code.co_qualname} {os.path.relpath(code.co_filename, _ROOT)}:{code.co_firstlineno}"
