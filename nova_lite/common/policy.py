"""The one oslo.policy enforcer: rules are declared in ``policies/``, files may override them, ``authorize`` asks."""

import functools

from oslo_policy import opts, policy

from nova_lite.common import exception
from nova_lite.conf import CONF

_declared = []


def declare(rules):
    """Add rules (oslo.policy RuleDefault objects); done once each by the modules of ``policies/``."""
    _declared.extend(rules)
    enforcer.cache_clear()


def declared():
    """Every declared rule, for the sample file and the completeness test."""
    return tuple(_declared)


@functools.cache
def enforcer():
    opts.set_defaults(CONF)
    made = policy.Enforcer(CONF, use_conf=True)
    made.suppress_deprecation_warnings = True
    made.register_defaults(_declared)
    made.load_rules()
    return made


def allowed(context, rule, target=None):
    """Whether ``context`` may do ``rule`` to ``target``; an unknown rule is a programming error and raises KeyError."""
    made = enforcer()
    if rule not in made.registered_rules:
        raise KeyError(f"policy rule {rule!r} is not declared")
    return bool(made.enforce(rule, _target(context, target), _credentials(context)))


def authorize(context, rule, target=None):
    """:raises PolicyNotAuthorized: naming the rule."""
    if not allowed(context, rule, target):
        raise exception.PolicyNotAuthorized(action=rule)


def _target(context, target):
    if target is None:
        return {"project_id": context.project_id, "user_id": context.user_id}
    if isinstance(target, dict):
        return target
    return {"project_id": getattr(target, "project_id", None), "user_id": getattr(target, "user_id", None)}


def _credentials(context):
    return {"user_id": context.user_id, "project_id": context.project_id, "roles": list(context.roles),
            "is_admin": context.is_admin, "domain_id": context.domain_id, "system_scope": context.system_scope,
            "service_roles": list(context.service_roles or ())}
