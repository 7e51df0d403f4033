"""What clients say of sub-ports of trunks, refused in Neutron's words.  Pure."""

from nova_lite.network.exceptions import InvalidInput

VLAN, INHERIT = "vlan", "inherit"
_NUMBERS = range(1, 4095)       # of VLANs


def check_distinct(several):
    """:param several: [{"port_id", "segmentation_type", "segmentation_id"}], the latter two may be missing.

    :raises InvalidInput: two have one port or one VLAN, or one has a part of a VLAN's name alone.
    """
    ports, vlans = set(), set()
    for each in several:
        if each["port_id"] in ports:
            raise InvalidInput(detail=f"Non unique UUID for subport: '{each['port_id']}'.")
        ports.add(each["port_id"])
        kind, number = each.get("segmentation_type"), each.get("segmentation_id")
        if kind == INHERIT:
            return
        if (not kind or number is None) and len(each) > 1:
            raise _incomplete(each)
        if number is not None and (kind, number) in vlans:
            raise InvalidInput(detail=f"Segmentation ID '{number}' for '{each['port_id']}' is not unique.")
        vlans.add((kind, number))


def complete(each):
    """A sub-port as it is kept.  :raises InvalidInput: it has no VLAN that there is."""
    kind = each.get("segmentation_type")
    if kind == INHERIT:         # networks have no VLANs of their own
        raise InvalidInput(detail=f"Cannot accept segmentation type {INHERIT}.")
    if kind is None or each.get("segmentation_id") is None:
        raise _incomplete(each)
    try:
        number = int(each["segmentation_id"])
    except ValueError:
        raise InvalidInput(detail=f"Invalid subport details: segmentation_id '{each['segmentation_id']}' is not an "
                                  "integer.") from None
    if kind != VLAN:
        raise InvalidInput(detail=f"Unknown segmentation_type '{kind}'.")
    if number not in _NUMBERS:
        raise InvalidInput(detail=f"Segmentation ID '{number}' is not in range.")
    return {"port_id": each["port_id"], "segmentation_type": kind, "segmentation_id": number}


def _incomplete(each):
    return InvalidInput(detail=f"Invalid subport details '{each}': missing segmentation information. Must specify both "
                               "segmentation_id and segmentation_type.")
