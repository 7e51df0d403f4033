"""What requests about limits and quotas may say."""

from nova_lite.api.compute.schemas.types import ANY, BOOLEAN, MAX_INT, closed, extended, number, query, wrapped
from nova_lite.api.wsgi.validation import Since

_LIMIT = number(-1, MAX_INT, pattern="^-?[0-9]+$")

#: Resources in the order answers show them.
RESOURCES = ("fixed_ips", "floating_ips", "security_groups", "security_group_rules", "instances", "cores", "ram",
             "metadata_items", "injected_files", "injected_file_content_bytes", "injected_file_path_bytes", "key_pairs",
             "server_groups", "server_group_members")
#: Gone from 2.36: the network service limits these.
NETWORK = frozenset({"fixed_ips", "floating_ips", "security_groups", "security_group_rules"})
#: In quota classes from 2.50, in quotas always.
GROUPS = frozenset({"server_groups", "server_group_members"})
#: Gone from 2.57, with the files themselves.
FILES = frozenset({"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"})

_V21 = closed(force=BOOLEAN, **dict.fromkeys(RESOURCES, _LIMIT))
_V236 = extended(_V21, without=NETWORK)
UPDATE = Since({"2.1": wrapped("quota_set", _V21), "2.36": wrapped("quota_set", _V236),
                "2.57": wrapped("quota_set", extended(_V236, without=FILES))})

def _class(schema):
    return wrapped("quota_class_set", extended(schema, without={"force"}))


UPDATE_CLASS = Since({"2.1": _class(_V21), "2.50": _class(_V236), "2.57": _class(extended(_V236, without=FILES))})
QUERY = Since({"2.1": query(user_id=ANY), "2.75": query(extra=False, user_id=ANY)})
LIMITS = Since({"2.1": query(tenant_id=ANY), "2.75": query(extra=False, tenant_id=ANY)})
