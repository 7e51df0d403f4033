"""What requests about server groups may say."""

from nova_lite.api.compute.schemas.types import ANY, NAME, NON_NEGATIVE, POSITIVE, closed, query, wrapped
from nova_lite.api.wsgi.validation import Since

_HARD = ["anti-affinity", "affinity"]
_ALL = [*_HARD, "soft-anti-affinity", "soft-affinity"]


def _create(policies):
    return wrapped("server_group", closed(
        ["name", "policies"], name=NAME,
        policies={"type": "array", "items": {"type": "string", "enum": policies}, "uniqueItems": True, "minItems": 1,
                  "maxItems": 1}))


CREATE = Since({
    "2.1": _create(_HARD), "2.15": _create(_ALL),
    "2.64": wrapped("server_group", closed(["name", "policy"], name=NAME, policy={"type": "string", "enum": _ALL},
                                           rules=closed(max_server_per_host=POSITIVE)))})

_PAGE = {"limit": NON_NEGATIVE, "offset": NON_NEGATIVE}
LIST = Since({"2.1": query(all_projects=ANY, **_PAGE), "2.75": query(extra=False, all_projects=ANY, **_PAGE)})
