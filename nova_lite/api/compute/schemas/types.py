"""The parts that compute schemas are made of: what a name, an id, a number or a flag looks like in a request."""

#: The numbers of Nova's integer columns.
MAX_INT = 0x7FFFFFFF


def closed(required=(), **properties):
    """An object with these properties and no others; keys that are no Python names go in as ``**{"os-x": ...}``."""
    made = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        made["required"] = list(required)
    return made


def wrapped(name, inner):
    """A body of one required key: {"server": {...}}."""
    return closed([name], **{name: inner})


def extended(schema, *, without=(), **properties):
    """A closed object with more properties, or without some."""
    merged = {key: value for key, value in schema["properties"].items() if key not in without} | properties
    return {**schema, "properties": merged}


def action(name, inner=None):
    """The body of a server action; by default any argument is accepted and ignored, as it always was."""
    return wrapped(name, {} if inner is None else inner)


def query(*, extra=True, patterns=None, **properties):
    """A query string: each name maps to the list of its values.

    :param extra: whether unknown names are ignored (as before 2.75) or refused.
    """
    made = {"type": "object", "properties": {name: many(each) for name, each in properties.items()},
            "additionalProperties": extra}
    if patterns:
        made["patternProperties"] = {pattern: many(each) for pattern, each in patterns.items()}
    return made


def many(item):
    return item if item.get("type") == "array" else {"type": "array", "items": item}


def single(item):
    """A query value that may be given once."""
    return {"type": "array", "items": item, "maxItems": 1}


ANY = {"type": "string"}
REGEX = {"type": "string", "format": "regex"}
MOMENT = {"type": "string", "format": "date-time"}
UUID = {"type": "string", "format": "uuid"}
NAME = {"type": "string", "format": "name", "minLength": 1, "maxLength": 255}
NAME_OR_NONE = {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 255}, {"type": "null"}]}
#: Printable characters and spaces; it may be empty.
DESCRIPTION = {"type": ["string", "null"], "format": "description", "minLength": 0, "maxLength": 255}
BOOLEAN = {"type": ["boolean", "string"],
           "enum": [True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes",
                    False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"]}
HOSTNAME = {"type": "string", "pattern": "^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$", "minLength": 2, "maxLength": 63}
FQDN = {"type": "string", "pattern": "^[a-zA-Z0-9-._]*$", "minLength": 1, "maxLength": 255}
PROJECT_ID = {"type": "string", "minLength": 1, "maxLength": 255}
FLAVOR_REF = {"type": ["string", "integer"], "minLength": 1}
IMAGE_OR_EMPTY = {"oneOf": [UUID, {"type": "string", "maxLength": 0}]}
IPV4 = {"type": "string", "format": "ipv4"}
IPV6 = {"type": "string", "format": "ipv6"}
IP = {"type": "string", "oneOf": [{"format": "ipv4"}, {"format": "ipv6"}]}
DISK_CONFIG = {"type": "string", "enum": ["AUTO", "MANUAL"]}
BASE64 = {"type": "string", "format": "base64"}
TAG = {"type": "string", "pattern": "^[^,/]*$", "minLength": 1, "maxLength": 60}
MAX_TAGS = 50
METADATA_KEY = "^[a-zA-Z0-9-_:. ]{1,255}$"
METADATA = {"type": "object", "patternProperties": {METADATA_KEY: {"type": "string", "maxLength": 255}},
            "additionalProperties": False}


def number(minimum, maximum=None, pattern="^[0-9]+$"):
    """A whole number, or a string of its digits, no longer than can be read as one."""
    made = {"type": ["integer", "string"], "pattern": pattern, "minimum": minimum, "minLength": 1, "maxLength": 255}
    if maximum is not None:
        made["maximum"] = maximum
    return made


POSITIVE = number(1, pattern="^[0-9]*$")
NON_NEGATIVE = number(0, pattern="^[0-9]*$")
PAGING = {"limit": NON_NEGATIVE, "marker": ANY}
OPEN_QUERY, CLOSED_QUERY = query(), query(extra=False)
