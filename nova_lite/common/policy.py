"""The one oslo.policy enforcer: rules are declared in ``policies/``, files may override them, ``authorize`` asks."""

import contextlib
import contextvars
import copy
import functools
import time

from oslo_policy import opts, policy

from nova_lite.common import exceptions
from nova_lite.conf import CONF, ENFORCE_SCOPE

_declared = {}
#: ``enforcer().recent`` keeps its answers as (until, answer) by all that an answer depends on: asking takes 200 us, and
#: one request asks about one server again and again.  A changed policy file is heeded after ``_FRESH`` seconds.
_FRESH, _MOST = 5, 10000
#: What ``recording`` collects; a green thread has a context of its own.
_record = contextvars.ContextVar("record", default=None)
_LONGEST = 255      # characters of what a caller made up and an answer is remembered by


def declare(rules):
    """Add rules (oslo.policy RuleDefault objects); done once each by the modules of ``policies/``."""
    for rule in rules:
        if rule.name in _declared:
            raise policy.DuplicatePolicyError(rule.name)
        _declared[rule.name] = rule
    enforcer.cache_clear()


def declared():
    """Every declared rule, for the sample file and the completeness test."""
    return tuple(_declared.values())


@functools.cache
def enforcer():
    opts.set_defaults(CONF)
    if ENFORCE_SCOPE.name not in CONF.oslo_policy:
        CONF.register_opt(ENFORCE_SCOPE, group="oslo_policy")
    made = policy.Enforcer(CONF, use_conf=True)
    made.suppress_deprecation_warnings = True
    # Its register_defaults copies each rule to the last leaf, which takes longer than all else here: 35 ms a start.
    made.registered_rules = {name: copy.copy(rule) for name, rule in _declared.items()}
    if not CONF.oslo_policy.enforce_scope:
        for rule in made.registered_rules.values():
            rule.scope_types = None
    made.load_rules()
    made.recent = {}
    return made


@contextlib.contextmanager
def recording():
    """Yields a list that gets the (rule, target) of all that is allowed in the block; targets are dicts."""
    made = []
    token = _record.set(made)
    try:
        yield made
    finally:
        _record.reset(token)


def allowed(context, rule, target=None):
    """Whether ``context`` may do ``rule`` to ``target``; an unknown rule is a programming error and raises KeyError.

    The scope of its token is checked with its roles.  The cloud itself (``context.admin()``) counts as of a project.
    """
    target = _described(context, target)
    answer = _remembered(context, rule, target)
    record = _record.get()
    if answer and record is not None:
        record.append((rule, target))
    return answer


def _described(context, target):
    if isinstance(target, dict):
        return target
    owner = context if target is None else target
    return {"project_id": getattr(owner, "project_id", None), "user_id": getattr(owner, "user_id", None)}


def _remembered(context, rule, target):
    key = (rule, *target.items(), context.user_id, context.project_id, context.roles, context.is_admin,
           context.domain_id, context.project_domain_id, context.system_scope, tuple(context.service_roles or ()))
    now, recent = time.monotonic(), enforcer().recent
    try:
        known = recent.get(key)
    except TypeError:               # the target holds what has no hash
        return _ask(context, rule, target)
    if known is None or known[0] < now:
        known = now + _FRESH, _ask(context, rule, target)
        if len(recent) >= _MOST:
            recent.clear()
        if all(len(str(each)) <= _LONGEST for each in target.values()):
            recent[key] = known
    return known[1]


def is_for(context, rule):
    """Whether ``rule`` is for tokens of the scope of ``context``, whatever its roles and whatever is asked of."""
    scope_types = enforcer().registered_rules[rule].scope_types
    scope = "system" if context.system_scope else "domain" if context.domain_id else "project"
    return not scope_types or scope in scope_types


def _ask(context, rule, target):
    made = enforcer()
    if rule not in made.registered_rules:
        raise KeyError(f"policy rule {rule!r} is not declared")
    return bool(made.enforce(rule, target, _credentials(context)))


def authorize(context, rule, target=None):
    """:raises PolicyNotAuthorized: with the rule as ``action`` and the ``target``."""
    if not allowed(context, rule, target):
        raise exceptions.PolicyNotAuthorized(action=rule, target=target)


def _credentials(context):
    """What rules see of a caller.

    Who has no project has none here either: oslo.policy compares texts, and would take a None for the project "None"
    that everything without an owner has.  Keystone's rules do ask for a domain_id of None.
    """
    made = {"user_id": context.user_id, "roles": list(context.roles), "is_admin": context.is_admin,
            "domain_id": context.domain_id, "system_scope": context.system_scope,
            "project_domain_id": context.project_domain_id, "service_roles": list(context.service_roles or ())}
    return made if context.project_id is None else made | {"project_id": context.project_id}
