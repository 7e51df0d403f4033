"""The check ``field:RESOURCE:NAME=VALUE`` of Neutron's rules: what an attribute of the target says."""

import re

from oslo_policy import policy


@policy.register("field")
class FieldCheck(policy.Check):
    """True where the target's attribute is VALUE ("True" for a boolean), or matches it, where it begins with "~"."""

    def __init__(self, kind, match):
        super().__init__(kind, match)
        name, _, value = match.partition(":")[2].rpartition("=")
        self._name = name
        self._fits = re.compile(value[1:]).match if value.startswith("~") else value.__eq__

    def __call__(self, target, creds, enforcer, current_rule=None):
        return self._name in target and bool(self._fits(str(target[self._name])))
