"""Bodies and queries of identity requests, as Keystone takes them."""

_TRUE_OR_FALSE = [True, "True", "TRUE", "true", False, "False", "FALSE", "false", "", "1", "0", "y", "Y", "n", "N",
                  "on", "ON", "off", "OFF", "yes", "no"]
_ENABLED = {"enum": _TRUE_OR_FALSE}
_ID = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-zA-Z0-9-]+$"}
_ID_OR_NONE = {**_ID, "type": ["string", "null"]}
_SHORT_NAME = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"[\S]+"}
_NAME = {**_SHORT_NAME, "maxLength": 255}
_TEXT = {"type": ["string", "null"]}
_TAGS = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^,/]*$"},
         "uniqueItems": True, "maxItems": 80}
_OPTIONS = {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": False}

_OPTION = {"type": ["boolean", "null"]}
_USER_OPTIONS = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "ignore_change_password_upon_first_use": _OPTION, "ignore_password_expiry": _OPTION,
        "ignore_lockout_failure_attempts": _OPTION, "lock_password": _OPTION, "ignore_user_inactivity": _OPTION,
        "multi_factor_auth_enabled": _OPTION,
        "multi_factor_auth_rules": {
            "type": ["array", "null"], "uniqueItems": True, "maxItems": 100,
            "items": {"type": "array", "minItems": 1, "maxItems": 20, "uniqueItems": True,
                      "items": {"type": "string", "maxLength": 255}}}}}

_USER = {"name": _NAME, "password": _TEXT, "default_project_id": _ID_OR_NONE, "domain_id": _ID, "enabled": _ENABLED,
         "description": _TEXT, "options": _USER_OPTIONS}
_PROJECT = {"name": _SHORT_NAME, "description": _TEXT, "domain_id": _ID_OR_NONE, "parent_id": _ID_OR_NONE,
            "enabled": _ENABLED, "is_domain": {"enum": [False, None]}, "tags": _TAGS, "options": _OPTIONS}
_DOMAIN = {"name": _SHORT_NAME, "description": _TEXT, "enabled": _ENABLED, "tags": _TAGS, "options": _OPTIONS}
_ROLE = {"name": _NAME, "description": _TEXT, "domain_id": {"type": "null"}, "options": _OPTIONS}


def _wrapped(key, inner):
    return {"type": "object", "properties": {key: inner}, "required": [key]}


def _create(key, properties):
    return _wrapped(key, {"type": "object", "properties": properties, "required": ["name"]})


def _update(key, properties):
    return _wrapped(key, {"type": "object", "properties": {**properties, "id": {"type": "string"}},
                          "minProperties": 1})


USER_CREATE, USER_UPDATE = _create("user", _USER), _update("user", {**_USER, "domain_id": _ID_OR_NONE})
PROJECT_CREATE, PROJECT_UPDATE = _create("project", _PROJECT), _update("project", _PROJECT)
DOMAIN_CREATE, DOMAIN_UPDATE = _create("domain", _DOMAIN), _update("domain", _DOMAIN)
ROLE_CREATE, ROLE_UPDATE = _create("role", _ROLE), _update("role", _ROLE)
TAGS = {"type": "object", "properties": {"tags": _TAGS}, "required": ["tags"], "additionalProperties": False}
PASSWORD = _wrapped("user", {"type": "object", "additionalProperties": False,
                             "properties": {"original_password": {"type": "string"}, "password": {"type": "string"}},
                             "required": ["original_password", "password"]})


def _query(**properties):
    return {"type": "object", "properties": {name: {"type": "array", "items": each}
                                             for name, each in properties.items()}}


_ANY = {"type": "string"}
TOKEN = _query(nocatalog=_ANY, allow_expired=_ANY)
PROJECT = _query(parents_as_list=_ANY, parents_as_ids=_ANY, subtree_as_list=_ANY, subtree_as_ids=_ANY,
                 include_limits=_ANY)

_REFERENCE = {"type": "object", "properties": {"id": _ANY, "name": _ANY}}
_IN_DOMAIN = {"type": "object", "properties": {"id": _ANY, "name": _ANY, "domain": _REFERENCE}}
#: What stands under "auth" in POST /v3/auth/tokens.
AUTH = {
    "type": "object", "required": ["identity"],
    "properties": {
        "identity": {
            "type": "object", "required": ["methods"],
            "properties": {
                "methods": {"type": "array", "items": {"type": "string"}},
                "token": {"type": "object", "properties": {"id": _ANY}, "required": ["id"]},
                "password": {"type": "object", "properties": {"user": {
                    **_IN_DOMAIN, "properties": {**_IN_DOMAIN["properties"], "password": _ANY}}}}}},
        "scope": {"type": ["object", "string"],
                  "properties": {"project": _IN_DOMAIN, "domain": _REFERENCE,
                                 "system": {"type": "object", "properties": {"all": {"type": "boolean"}}}}}}}
LOGIN = _wrapped("auth", AUTH)
