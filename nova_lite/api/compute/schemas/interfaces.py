"""What requests about a server's interfaces, addresses and security groups may say, version by version."""

from nova_lite.api.compute.schemas.types import IP, TAG, UUID, action, closed, extended
from nova_lite.api.wsgi.validation import Since

_ATTACHMENT = closed(net_id=UUID, port_id=UUID, fixed_ips={
    "type": "array", "minItems": 1, "maxItems": 1, "items": closed(["ip_address"], ip_address=IP)})
ATTACH = Since({"2.1": closed(interfaceAttachment=_ATTACHMENT),
                "2.49": closed(interfaceAttachment=extended(_ATTACHMENT, tag=TAG))})

_GROUP = closed(["name"], name={"type": "string", "minLength": 1})
ADD_GROUP, REMOVE_GROUP = action("addSecurityGroup", _GROUP), action("removeSecurityGroup", _GROUP)
