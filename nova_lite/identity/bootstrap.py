"""The first domain, projects, roles and users of a cloud; running it again changes nothing."""

import secrets
import uuid

from nova_lite import db
from nova_lite.db import identity as queries
from nova_lite.db import identity_grants, identity_revisions
from nova_lite.identity import passwords

DOMAIN = "default"
ROLES = ("admin", "manager", "member", "reader", "service")
IMPLIED = (("admin", "manager"), ("manager", "member"), ("member", "reader"))
PROJECTS = {"admin": "The operators of this cloud.", "demo": "For trying things out.",
            "service": "What belongs to the cloud itself."}
USERS = ("admin", "demo")
#: (user, role, kind of target, name of target)
GRANTS = (("admin", "admin", "project", "admin"), ("admin", "admin", "system", "all"),
          ("demo", "member", "project", "demo"))


def run(given, repair=True):
    """Create what is missing.

    :param given: {"admin": password, "demo": password}; a random one is made where one is missing.
    :param repair: False: users and their projects are made only where there is no user at all, since an operator may
        have renamed or deleted the first ones.
    :returns: {user name: password} of the users made now: {} when all were there.
    """
    with db.reader() as session:
        missing = [name for name in USERS if queries.named(session, "user", name, DOMAIN) is None]
        new = repair or not queries.list_(session, "user", {}, limit=1)
    chosen = {name: given.get(name) or secrets.token_urlsafe(18) for name in missing if new}
    hashes = {name: passwords.hashed(password) for name, password in chosen.items()}
    with db.writer() as session:
        identity_revisions.take(session)
        if queries.get(session, "domain", DOMAIN) is None:
            queries.add(session, "domain", {"id": DOMAIN, "name": "Default", "description": "The default domain"})
        roles = {name: _ensure(session, "role", name, {"options": {"immutable": True}}) for name in ROLES}
        if new:
            _people(session, roles, hashes)
    return chosen


def _people(session, roles, hashes):
    projects = {name: _ensure(session, "project", name, {"domain_id": DOMAIN, "description": text})
                for name, text in PROJECTS.items()}
    users = {name: _ensure(session, "user", name, {"domain_id": DOMAIN, "password_hash": hashes.get(name)})
             for name in USERS}
    if hashes:
        _connect(session, roles, projects, users)


def _connect(session, roles, projects, users):
    for prior, implied in IMPLIED:
        identity_grants.add_implication(session, roles[prior], roles[implied])
    for user, role, target, name in GRANTS:
        id = projects[name] if target == "project" else name
        identity_grants.add(session, ("user", users[user]), (target, id), roles[role])


def _ensure(session, kind, name, values):
    """The id of the row with that name, made when missing."""
    row = queries.named(session, kind, name, values.get("domain_id"))
    if row is not None:
        return row.id
    id = uuid.uuid4().hex
    queries.add(session, kind, {"id": id, "name": name, **values})
    return id
