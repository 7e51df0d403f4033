"""The keys by which a change of identity names the tokens that it concerns.

Each token has the keys of its user, its scope and what made it.  No change needs a list of users or tokens.
"""

#: Every scoped token: the change concerns the roles of anybody.
ALL = "*"


def of(kind, id):
    """Tokens of a user, of a domain's users and projects, on a project, or made by one delegation.

    :param kind: "user", "domain", "project", "system", "token" (``id`` is the audit id), "app_credential", "trust" or
        "access_token".
    """
    return f"{kind}:{id}"


def of_user_on(user_id, target):
    """Tokens of one user on one project, domain or the system.  :param target: (kind, id)."""
    kind, id = target
    return f"grant:{user_id}:{kind}:{id}"


def of_grant(actor, target, inherited):
    """Tokens whose roles a grant may change.

    :param actor: ("user" or "group", id).
    """
    if actor[0] == "user":
        return of("user", actor[1]) if inherited else of_user_on(actor[1], target)
    return ALL if inherited else of(*target)
