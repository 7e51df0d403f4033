"""Options of users, projects, domains and roles: how a change is merged, and what users' options demand of logins."""

#: Methods of a login that are offered.
METHODS = frozenset(("password", "token"))


def merged(before, values):
    """Options after a change: those that it names are set, or removed where they are None; others stay."""
    made = {**before, **values}
    return {name: value for name, value in made.items() if value is not None}


def enough_methods(options, methods):
    """Whether a login by ``methods`` meets the rules of a user's options for several factors.

    A rule is met by those of its methods that are offered here.  A rule that names none of them is ignored, so that no
    user is shut out by rules that cannot be met.
    """
    if not options.get("multi_factor_auth_enabled", True):
        return True
    rules = [METHODS.intersection(rule) for rule in options.get("multi_factor_auth_rules", ())]
    rules = [rule for rule in rules if rule]
    return not rules or any(rule.issubset(methods) for rule in rules)
