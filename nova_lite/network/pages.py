"""Pages of changes of desired state as the conductor answers them: joined, and what other scopes they lead to."""

from nova_lite.objects.desired_group import AddressGroupChanges, GroupChanges, of_address_group, of_group
from nova_lite.objects.desired_router import RouterChanges
from nova_lite.objects.desired_state import ScopeChanges


def _id(body):
    return body.id


#: {class of changes: {field with bodies: callable(body) -> the id by which it is gone}}
_BODIES = {
    ScopeChanges: {"ports": lambda body: body.nic.port_id, "networks": _id},
    RouterChanges: {"routers": _id, "floating_ips": _id},
    GroupChanges: {"groups": _id, "members": lambda body: body.port_id},
    AddressGroupChanges: {"address_groups": _id},
}


def joined(pages):
    """Join the pages of one scope; where several name a resource, the last one counts."""
    if len(pages) == 1:
        return pages[0]
    kind, gone = type(pages[0]), {}
    found = {field: {} for field in _BODIES[kind]}
    for page in pages:
        for bodies in found.values():
            for key in page.gone:
                bodies.pop(key, None)
        for field, key_of in _BODIES[kind].items():
            found[field] |= {key_of(each): each for each in getattr(page, field)}
        gone = {key: None for key in [*gone, *page.gone] if not any(key in bodies for bodies in found.values())}
    return kind.make(scope=pages[0].scope, revision=pages[-1].revision, whole=pages[0].whole, more=False,
                     gone=list(gone), **{field: list(bodies.values()) for field, bodies in found.items()})


def groups_of_ports(changes):
    """Names of the scopes of security groups that ports in ``changes`` name."""
    return {of_group(each) for change in changes if isinstance(change, ScopeChanges)
            for port in change.ports for each in port.nic.groups or ()}


def groups_of_rules(changes, scopes):
    """Names of the scopes of groups that rules in those of ``changes`` name whose scopes are in ``scopes``."""
    rules = [rule for change in changes if isinstance(change, GroupChanges) and change.scope in scopes
             for group in change.groups for rule in group.rules]
    return {*(of_group(each.remote_group) for each in rules if each.remote_group),
            *(of_address_group(each.remote_addresses) for each in rules if each.remote_addresses)}
