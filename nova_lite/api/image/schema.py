"""What an image looks like: the schema requests are checked by, and the one that clients ask for."""

from nova_lite.conf import CONF

_ID = {"type": "string", "pattern": "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}"
                                    "-([0-9a-fA-F]){12}$"}
#: PostgreSQL keeps no NUL characters.
_NO_NUL = "^[^\\x00]*$"
_TEXT = {"type": "string", "maxLength": 255, "pattern": _NO_NUL}
_MAYBE_TEXT = {**_TEXT, "type": ["null", "string"]}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2147483647}

#: Attributes that clients set.  ``disk_format`` and ``container_format`` are checked by ``formats_allowed``.
_SETTABLE = {
    "id": {**_ID, "description": "The image's id"},
    "name": {**_MAYBE_TEXT, "description": "A name; it need not be unique"},
    "visibility": {"type": "string", "enum": ["community", "public", "private", "shared"],
                   "description": "Who may use the image"},
    "protected": {"type": "boolean", "description": "Whether the image is safe from deletion"},
    "os_hidden": {"type": "boolean", "description": "Whether the image is left out of lists"},
    "owner": {**_MAYBE_TEXT, "description": "Project that owns the image"},
    "disk_format": {"type": ["null", "string"], "description": "Format of the disk"},
    "container_format": {"type": ["null", "string"], "description": "Format of what the disk comes in"},
    "min_disk": {**_COUNT, "description": "GiB of disk that a server needs to boot it"},
    "min_ram": {**_COUNT, "description": "MiB of memory that a server needs to boot it"},
    "tags": {"type": "array", "items": _TEXT, "description": "Words to find the image by"},
}

#: Attributes that the service sets.
_SHOWN = {
    "status": ("string", "What can be done with the image"),
    "checksum": (["null", "string"], "MD5 of the data"),
    "os_hash_algo": (["null", "string"], "Algorithm of os_hash_value"),
    "os_hash_value": (["null", "string"], "Hash of the data"),
    "size": (["null", "integer"], "Bytes of data"),
    "virtual_size": (["null", "integer"], "Bytes of the disk that a server sees"),
    "created_at": ("string", "When the image was registered"),
    "updated_at": ("string", "When it was changed last"),
    "self": ("string", "URL of the image"),
    "file": ("string", "URL of its data"),
    "schema": ("string", "URL of this schema"),
    "direct_url": ("string", "URL of the data in an outside store"),
    "stores": ("string", "Stores that hold the data"),
}

_PROPERTY = {"type": "string", "maxLength": 16383, "pattern": _NO_NUL}

#: POST /v2/images.  Attributes that the service sets pass here as anything: they are refused with 403, not 400.
CREATE = {"type": "object", "properties": {**_SETTABLE, **{name: {} for name in _SHOWN}, "locations": {}},
          "additionalProperties": _PROPERTY, "propertyNames": {**_TEXT, "minLength": 1}}

#: PATCH /v2/images/{id}: what a change is, ``patch`` says; what it may set, by ATTRIBUTE.
PATCH = {}

#: One attribute on its own, as {name: value}.
ATTRIBUTE = {"type": "object", "properties": _SETTABLE, "additionalProperties": _PROPERTY,
             "propertyNames": {**_TEXT, "minLength": 1}}

MEMBER_STATUS = {"type": "object", "required": ["status"],
                 "properties": {"status": {"enum": ["pending", "accepted", "rejected"]}}}

_MEMBER = {
    "name": "member",
    "properties": {
        "member_id": {"type": "string", "description": "Project that the image is shared with"},
        "image_id": _ID,
        "created_at": {"type": "string", "description": "When it was shared"},
        "updated_at": {"type": "string", "description": "When this was changed last"},
        "status": {"type": "string", "enum": ["pending", "accepted", "rejected"],
                   "description": "What the project thinks of it"},
        "schema": {"readOnly": True, "type": "string"},
    },
}


def image():
    """The schema that clients ask for at /v2/schemas/image."""
    shown = {name: {"type": kind, "readOnly": True, "description": text} for name, (kind, text) in _SHOWN.items()}
    formats = {name: {**_SETTABLE[name], "enum": [None, *allowed]} for name, allowed in formats_allowed().items()}
    return {"name": "image", "properties": {**_SETTABLE, **shown, **formats},
            "additionalProperties": {"type": "string"},
            "links": [{"rel": "self", "href": "{self}"}, {"rel": "enclosure", "href": "{file}"},
                      {"rel": "describedby", "href": "{schema}"}]}


def formats_allowed():
    """{attribute: formats}, as configured."""
    return {"disk_format": CONF.image.disk_formats, "container_format": CONF.image.container_formats}


def many(name, one):
    """The schema of a list: "images" of image()."""
    return {"name": name, "properties": {name: {"type": "array", "items": one}, "schema": {"type": "string"},
                                         "first": {"type": "string"}, "next": {"type": "string"}},
            "links": [{"rel": "first", "href": "{first}"}, {"rel": "next", "href": "{next}"},
                      {"rel": "describedby", "href": "{schema}"}]}


def member():
    return _MEMBER
