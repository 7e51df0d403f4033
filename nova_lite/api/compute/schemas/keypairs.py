"""What requests about keypairs may say."""

from nova_lite.api.compute.schemas.types import ANY, NAME, PAGING, closed, extended, query, wrapped
from nova_lite.api.wsgi.validation import Since


def _name(pattern):
    return {"allOf": [NAME, {"type": "string", "pattern": pattern, "minLength": 1, "maxLength": 255}]}


_V21 = closed(["name"], name=_name(r"^[_\- a-zA-Z0-9]+$"), public_key={"type": "string"})
_V22 = extended(_V21, type={"type": "string", "enum": ["ssh", "x509"]})
_V210 = extended(_V22, user_id={"type": "string"})
_V292 = {**extended(_V210, name=_name(r"^[_\-\@\. a-zA-Z0-9]+$")), "required": ["name", "public_key"]}

CREATE = Since({"2.1": wrapped("keypair", _V21), "2.2": wrapped("keypair", _V22), "2.10": wrapped("keypair", _V210),
                "2.92": wrapped("keypair", _V292)})
LIST = Since({"2.1": query(), "2.10": query(user_id=ANY), "2.35": query(user_id=ANY, **PAGING),
              "2.75": query(extra=False, user_id=ANY, **PAGING)})
SHOW = Since({"2.1": query(), "2.10": query(user_id=ANY), "2.75": query(extra=False, user_id=ANY)})
