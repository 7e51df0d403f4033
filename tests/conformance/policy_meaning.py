"""Whether two policy rules allow the same: their check strings as formulas over the questions at their leaves."""

import itertools

from oslo_policy import _checks, policy


class Formula:
    """One rule with all rules that it refers to.

    :param rules: {name: check string} of the service it belongs to.
    :param equal: {leaf: another leaf, True or False that it stands for}.
    """

    def __init__(self, check_str, rules, equal=None):
        self._rules, self._equal = rules, equal or {}
        self._tree = policy.RuleDefault("one", check_str).check
        self.leaves = sorted(self._leaves(self._tree))

    def _leaves(self, check):
        if isinstance(check, _checks.AndCheck | _checks.OrCheck):
            return set().union(*map(self._leaves, check.rules))
        if isinstance(check, _checks.NotCheck):
            return self._leaves(check.rule)
        if isinstance(check, _checks.RuleCheck):
            return self._leaves(self._named(check.match))
        if isinstance(check, _checks.TrueCheck | _checks.FalseCheck):
            return set()
        leaf = self._leaf(check)
        return set() if isinstance(leaf, bool) else {leaf}

    def _leaf(self, check):
        return self._equal.get(str(check), str(check))

    def _named(self, name):
        return policy.RuleDefault(name, self._rules[name]).check

    def allows(self, true):
        """:param true: the leaves that hold."""
        return self._holds(self._tree, true)

    def _holds(self, check, true):
        if isinstance(check, _checks.AndCheck):
            return all(self._holds(each, true) for each in check.rules)
        if isinstance(check, _checks.OrCheck):
            return any(self._holds(each, true) for each in check.rules)
        if isinstance(check, _checks.NotCheck):
            return not self._holds(check.rule, true)
        if isinstance(check, _checks.RuleCheck):
            return self._holds(self._named(check.match), true)
        if isinstance(check, _checks.TrueCheck | _checks.FalseCheck):
            return isinstance(check, _checks.TrueCheck)
        leaf = self._leaf(check)
        return leaf if isinstance(leaf, bool) else leaf in true


def difference(one, other):
    """The leaves that hold where the two Formulas do not agree, the fewest; None: they never disagree."""
    leaves = sorted({*one.leaves, *other.leaves})
    for count in range(len(leaves) + 1):
        for true in itertools.combinations(leaves, count):
            if one.allows(set(true)) != other.allows(set(true)):
                return true
    return None
