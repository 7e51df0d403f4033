"""What requests about a server's metadata, tags, addresses, interfaces and history may say."""

from nova_lite.api.compute.schemas.types import (
    ANY,
    CLOSED_QUERY,
    MAX_TAGS,
    METADATA,
    MOMENT,
    NON_NEGATIVE,
    OPEN_QUERY,
    TAG,
    query,
    single,
    wrapped,
)
from nova_lite.api.wsgi.validation import Since

#: For what takes no query: names were ignored once and are refused from 2.102.
NO_QUERY = Since({"2.1": OPEN_QUERY, "2.102": CLOSED_QUERY})

METADATA_SET = wrapped("metadata", METADATA)
METADATA_ITEM = wrapped("meta", {**METADATA, "minProperties": 1, "maxProperties": 1})

TAGS = wrapped("tags", {"type": "array", "items": TAG, "maxItems": MAX_TAGS})
#: PUT of one tag carries no body.
NO_BODY = {"type": "null"}

_ACTIONS = {"limit": single(NON_NEGATIVE), "marker": single(ANY), "changes-since": single(MOMENT)}
ACTIONS = Since({"2.1": OPEN_QUERY, "2.58": query(extra=False, **_ACTIONS),
                 "2.66": query(extra=False, **_ACTIONS, **{"changes-before": single(MOMENT)})})

