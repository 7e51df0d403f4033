"""The words of the compute API's tables: an entry names its rule without the prefix all of Nova's share."""

from nova_lite.api.wsgi.routing import Action, Route

_PREFIX = "os_compute_api:"


def route(method, path, target, rule, since=None, until=None):
    return Route(method, path, target, since, until, policy=_full(rule))


def action(name, target, rule, on="servers", since=None, until=None):
    return Action(name, target, since, until, on=on, policy=_full(rule))


def _full(rule):
    """A few rules of Nova's begin with "compute:" and stay as they are."""
    return rule if rule is None or rule.startswith("compute:") else _PREFIX + rule
