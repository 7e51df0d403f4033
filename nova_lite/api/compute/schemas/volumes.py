"""What requests about what hangs on servers, and the old proxies of block storage, may say."""

from nova_lite.api.compute.schemas.types import ANY, BOOLEAN, NON_NEGATIVE, TAG, UUID, closed, extended, query, wrapped
from nova_lite.api.wsgi.validation import Since

_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
_CREATE_INFO = closed(["snapshot_id", "type", "new_file"], snapshot_id=_TEXT, new_file=_TEXT, id=_TEXT,
                      type={"type": "string", "enum": ["qcow2"]})
ASSISTED_CREATE = wrapped("snapshot", closed(["volume_id", "create_info"],
                                             volume_id={"type": "string", "minLength": 1}, create_info=_CREATE_INFO))
ASSISTED_DELETE = Since({"2.1": query(delete_info=ANY), "2.75": query(extra=False, delete_info=ANY)})

_PAGE = {"limit": NON_NEGATIVE, "offset": NON_NEGATIVE}
ATTACHMENTS = Since({"2.1": query(**_PAGE), "2.75": query(extra=False, **_PAGE)})
_DEVICE = {"type": ["string", "null"], "pattern": "(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$"}
_ATTACH = closed(["volumeId"], volumeId=UUID, device=_DEVICE)
_TAGGED = extended(_ATTACH, tag=TAG)
ATTACH = Since({"2.1": wrapped("volumeAttachment", _ATTACH), "2.49": wrapped("volumeAttachment", _TAGGED),
                "2.79": wrapped("volumeAttachment", extended(_TAGGED, delete_on_termination=BOOLEAN))})
_REATTACH = closed(["volumeId"], volumeId=UUID)
REATTACH = Since({"2.1": wrapped("volumeAttachment", _REATTACH),
                  "2.85": wrapped("volumeAttachment", extended(
                      _REATTACH, id=UUID, device=_DEVICE, tag=TAG, serverId=UUID, delete_on_termination=BOOLEAN))})

_TAG = {"type": "string", "pattern": "^[a-zA-Z0-9-]*$", "minLength": 1, "maxLength": 255}
SHARE = wrapped("share", closed(["share_id"], share_id=UUID, tag=_TAG))
