"""What requests about migrations may say."""

from nova_lite.api.compute.schemas.types import ANY, MOMENT, NON_NEGATIVE, action, query, single
from nova_lite.api.wsgi.validation import Since

_V21 = dict.fromkeys(("hidden", "host", "instance_uuid", "source_compute", "status", "migration_type"), ANY)
_V259 = {**_V21, "limit": single(NON_NEGATIVE), "marker": single(ANY), "changes-since": single(MOMENT)}
_V266 = {**_V259, "changes-before": single(MOMENT)}
_V280 = {**_V266, "user_id": single(ANY), "project_id": single(ANY)}

LIST = Since({"2.1": query(**_V21), "2.59": query(extra=False, **_V259), "2.66": query(extra=False, **_V266),
              "2.80": query(extra=False, **_V280)})
FORCE_COMPLETE = action("force_complete", {"type": "null"})
