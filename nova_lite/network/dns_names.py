"""DNS names and domains of networks, ports and floating IPs: checked, and what ports answer to."""

import re

from nova_lite.common import exceptions
from nova_lite.conf import CONF

_LONGEST = 255
_LABEL = re.compile("[a-z0-9-]{1,63}")


def domain(text):
    """A domain in small letters, with its dot at the end; "": none.  :raises BadRequest: it is no such domain."""
    low = text.lower()
    if low and not low.endswith("."):
        raise _invalid("dns_domain", f"'{text}' is not a FQDN")
    return _checked("dns_domain", text, _LONGEST - 2)


def name(text):
    """The name of a port in small letters; "": none.

    :raises BadRequest: it is no name, or ends with a dot and is not of this cloud's domain, or too long with that.
    """
    low, higher = _checked("dns_name", text, _LONGEST), f".{own_domain()}"
    if low.endswith("."):
        if not low.endswith(higher) or len(low) <= len(higher):
            raise _invalid("dns_name", f"'{text}' is a FQDN, whose higher labels are those of this cloud's domain, "
                                       f"{own_domain()}")
    elif low and len(low) + len(higher) > _LONGEST:
        raise _invalid("dns_name", f"'{text}' is with the domain {own_domain()} longer than {_LONGEST} characters")
    return low


def own_domain():
    """This cloud's domain, with a dot at its end."""
    return CONF.network.dns_domain.rstrip(".") + "."


def assignment(said, fixed_ips):
    """[{"ip_address", "hostname", "fqdn"}] of a port.  :param said: its dns_name; "": a name made of the address."""
    return [_assigned(said or f"host-{each['ip_address'].replace('.', '-').replace(':', '-')}", each["ip_address"])
            for each in fixed_ips]


def _assigned(hostname, ip):
    return {"ip_address": ip, "hostname": hostname,
            "fqdn": hostname if hostname.endswith(".") else f"{hostname}.{own_domain()}"}


def _checked(attribute, text, longest):
    low = text.lower()
    trimmed = low.removesuffix(".")
    labels = trimmed.split(".")
    reason = None
    if len(trimmed) > longest:
        reason = f"'{trimmed}' exceeds the {longest} character FQDN limit"
    elif low and not all(labels):
        reason = "Encountered an empty component"
    elif bad := [each for each in labels if each.startswith("-") or each.endswith("-")]:
        reason = f"Name '{bad[0]}' must not start or end with a hyphen"
    elif low and (bad := [each for each in labels if not _LABEL.fullmatch(each)]):
        reason = f"Name '{bad[0]}' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen"
    elif len(labels) > 1 and labels[-1].isdigit():
        reason = f"TLD '{labels[-1]}' must not be all numeric"
    if reason:
        raise _invalid(attribute, f"'{text}' not a valid PQDN or FQDN. Reason: {reason}")
    return low


def _invalid(attribute, reason):
    return exceptions.BadRequest(f"Invalid input for {attribute}. Reason: {reason}.")
