"""What requests about what hangs on servers, and the old proxies of block storage, may say."""

from nova_lite.api.compute.schemas.types import ANY, UUID, closed, query, wrapped
from nova_lite.api.wsgi.validation import Since

_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
_CREATE_INFO = closed(["snapshot_id", "type", "new_file"], snapshot_id=_TEXT, new_file=_TEXT, id=_TEXT,
                      type={"type": "string", "enum": ["qcow2"]})
ASSISTED_CREATE = wrapped("snapshot", closed(["volume_id", "create_info"],
                                             volume_id={"type": "string", "minLength": 1}, create_info=_CREATE_INFO))
ASSISTED_DELETE = Since({"2.1": query(delete_info=ANY), "2.75": query(extra=False, delete_info=ANY)})

_TAG = {"type": "string", "pattern": "^[a-zA-Z0-9-]*$", "minLength": 1, "maxLength": 255}
SHARE = wrapped("share", closed(["share_id"], share_id=UUID, tag=_TAG))
