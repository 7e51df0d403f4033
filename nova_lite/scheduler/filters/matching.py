"""How extra specs are compared with what hosts have, by Nova's operators; and values that aggregates give."""

import logging
import operator

LOG = logging.getLogger(__name__)


def _number(compare):
    return lambda has, words: compare(float(has), float(words[0]))


def _text(compare):
    return lambda has, words: compare(has, words[0])


_OPERATORS = {
    "=": _number(operator.ge),                  # "at least", as ever in Nova
    "==": _number(operator.eq), "!=": _number(operator.ne), ">=": _number(operator.ge), "<=": _number(operator.le),
    "s==": _text(operator.eq), "s!=": _text(operator.ne), "s<": _text(operator.lt), "s<=": _text(operator.le),
    "s>": _text(operator.gt), "s>=": _text(operator.ge),
    "<in>": lambda has, words: words[0] in has,
    "<all-in>": lambda has, words: all(each in has for each in words),
    "<or>": lambda has, words: has in words[::2],        # v1 <or> v2 <or> v3
}


def matches(has, wanted):
    """Whether the text ``has`` is as an extra spec wants: equal, or by the operator that it begins with.

    What should be a number on either side and is none does not match.
    """
    name, *words = wanted.split() or [""]
    if name not in _OPERATORS:
        return has == wanted
    try:
        return bool(words) and _OPERATORS[name](has, words)
    except ValueError:
        return False


def words(text):
    """The values of an aggregate's metadata, which may give several with commas between."""
    return {each.strip() for each in text.split(",")}


def least(host, key, default):
    """The smallest number that a host's aggregates give for ``key``; ``default`` where they give none that is one."""
    values = host.metadata(key)
    if not values:
        return default
    try:
        return min(type(default)(each) for each in values)
    except ValueError:
        LOG.warning("Aggregates of host %s set %s to what is no number; using %s", host.name, key, default)
        return default
