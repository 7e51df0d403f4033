"""JsonFilter: the hint ``query``, like '[">=", "$free_ram_mb", 1024]', says which hosts will do."""

import operator

import orjson

from nova_lite.scheduler.facts import HARDWARE, IO_OPS, SERVERS
from nova_lite.scheduler.filters.refusal import Refusal

_DEEPEST = 32       # lists within lists


def _each(compare):
    """The first argument stands so to all others, of which there is one at least."""
    return lambda arguments: len(arguments) > 1 and all(compare(arguments[0], each) for each in arguments[1:])


_OPERATORS = {
    "=": _each(operator.eq), "<": _each(operator.lt), ">": _each(operator.gt), "<=": _each(operator.le),
    ">=": _each(operator.ge), "in": lambda arguments: len(arguments) > 1 and arguments[0] in arguments[1:],
    "not": lambda arguments: any(not each for each in arguments), "or": any, "and": all,
}


def needs(request):
    return {HARDWARE, IO_OPS, SERVERS} if request.hint("query") else None


def refuse(request, host):
    query = request.hint("query")[0]
    try:
        if isinstance(query, str):
            query = orjson.loads(query)
        fits = _answer(query, host, 0)
    except (ValueError, TypeError, LookupError) as error:
        return Refusal("cannot be asked the hint query, which is malformed", f"{type(error).__name__}: {error}")
    return None if fits else Refusal("not as the hint query asks")


def _answer(query, host, depth):
    if depth > _DEEPEST:
        raise ValueError("it is too deep")
    if not query:
        return True
    name, *arguments = query
    values = [_answer(each, host, depth + 1) if isinstance(each, list) else _value(each, host) for each in arguments]
    return _OPERATORS[name]([each for each in values if each is not None])


def _value(argument, host):
    """``$name`` and ``$name.key`` are what Nova's filters know of a host; None: nothing."""
    if not isinstance(argument, str) or not argument.startswith("$"):
        return None if argument == "" else argument
    name, *keys = argument[1:].split(".")
    found = host.attribute(name)
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
