"""Reads the body of POST /v3/auth/tokens.

https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
"""

from nova_lite.api.identity import schemas
from nova_lite.api.wsgi import faults, validation
from nova_lite.common import exceptions
from nova_lite.identity.logins import UNSCOPED, Login
from nova_lite.identity.options import METHODS

_SCOPES = ("system", "project", "domain", "OS-TRUST:trust", "unscoped")


def _words(error):
    if not error.path:
        return error.message
    return f"Invalid input for field '{'/'.join(map(str, error.path))}': {error.message}"


_checker = validation.Checker(schemas.AUTH, _words)


def login(body, address=None):
    """The Login that ``body`` asks for, from a client at ``address``.

    :raises BadRequest: it is not shaped as one.
    :raises Unauthorized: it uses no method, or one that is not offered.
    """
    if "auth" not in body:
        raise faults.malformed("auth in request body")
    auth = body["auth"]
    _checker.check(auth)
    identity, methods = auth["identity"], auth["identity"]["methods"]
    scope = _scope(auth["scope"]) if "scope" in auth else None
    for method in methods:
        if method not in identity:
            raise faults.malformed(f"{method} in identity")
    if not methods or not METHODS.issuperset(methods):
        raise exceptions.Unauthorized("Attempted to authenticate with an unsupported method." if methods else None)
    user = _user(identity["password"]) if "password" in methods else {}
    return Login(methods=tuple(methods), user=user, password=user.get("password"),
                 token=identity["token"]["id"] if "token" in methods else None, scope=scope, address=address)


def _user(password):
    if "user" not in password:
        raise faults.malformed("user in password")
    return _reference(password["user"], "identity/password/user", "user")


def _scope(scope):
    if scope == UNSCOPED:
        return UNSCOPED
    given = [name for name in _SCOPES if isinstance(scope, dict) and name in scope]
    if len(given) != 1:
        raise faults.malformed("system, project, domain, OS-TRUST:trust or unscoped in scope")
    kind, = given
    if kind == UNSCOPED:
        return UNSCOPED
    if kind == "OS-TRUST:trust":
        raise exceptions.Unauthorized
    if kind == "project":
        _reference(scope[kind], "scope/project", "project")
    elif kind == "domain":
        _id_or_name(scope[kind], "scope/domain")
    return kind, scope[kind]


def _reference(value, where, kind):
    _id_or_name(value, where)
    if "id" not in value:
        if "domain" not in value:
            raise faults.malformed(f"domain in {kind}")
        _id_or_name(value["domain"], f"{where}/domain")
    return value


def _id_or_name(value, where):
    if "id" not in value and "name" not in value:
        raise exceptions.BadRequest(f"Invalid input for field {where}: id or name must be present.")
