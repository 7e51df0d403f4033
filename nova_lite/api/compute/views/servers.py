"""What a server looks like in each microversion.

A view is made once a request; ``show`` then costs a few microseconds a row, so everything that does not depend on the
row is decided in ``__init__``.
"""

import datetime
import hashlib

from nova_lite.api.compute.image_property_names import KNOWN
from nova_lite.api.compute.views.links import Links
from nova_lite.common import clock
from nova_lite.conf import CONF
from nova_lite.objects import damaged_server
from nova_lite.objects.states import Vm, status

_FAULTY = frozenset({"ERROR", "DELETED"})
_PROGRESSING = frozenset({"ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"})
_POLICY = "os_compute_api:servers:show"


def host_id(project_id, host):
    """A name for a host that users of a project may know: it distinguishes hosts and says nothing else; "" for None."""
    return hashlib.sha224((project_id + host).encode()).hexdigest() if host else ""


def addresses(row, extended=True):
    """{network: [{"version", "addr", ...}]}; ``extended`` adds the address's type and the MAC it belongs to."""
    found = {}
    for each in row.addresses:
        shown = {"version": each["version"], "addr": each["addr"]}
        if extended:
            shown["OS-EXT-IPS:type"] = each["type"]
            shown["OS-EXT-IPS-MAC:mac_addr"] = each["mac"]
        found.setdefault(each["network"], []).append(shown)
    return found


class ServerView:
    """Servers as one request may see them.

    :param target: whose rights count: a row, or None for a list, where they are the caller's on their own project.
    :param listed: for /servers/detail, which never shows ``server_groups``.
    :param brief: for an update's answer before 2.75, which leaves out what once were extensions.
    """

    def __init__(self, req, target=None, *, listed=False, brief=False):
        context, at_least = req.context, req.at_least
        self._links = Links(req)
        self._whole = not brief
        self._is_admin = context.is_admin
        self._attributes = self._whole and context.may("os_compute_api:os-extended-server-attributes", target)
        self._attributes_23 = self._attributes and at_least("2.3")
        self._hostname = at_least("2.90") and not self._attributes
        self._embedded = at_least("2.47")
        self._extra_specs = self._embedded and context.may(f"{_POLICY}:flavor-extra-specs", target)
        self._host_status = self._whole and at_least("2.16") and _host_status(context, target)
        #: Whether rows must come with the state of their host.
        self.needs_host = bool(self._attributes or self._host_status)
        self._groups = not listed and at_least("2.71")
        self._v = {text: at_least(text) for text in ("2.9", "2.19", "2.26", "2.63", "2.73", "2.96", "2.98", "2.100")}
        self._host_ids = {}
        self._stale = clock.now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
        self._zone = CONF.scheduler.default_availability_zone

    def basic(self, row):
        return {"id": row.id, "name": row.display_name, "links": self._links.of("servers", row.id)}

    def created(self, row, security_groups, admin_pass):
        """The answer to a create.

        :param security_groups: names as asked for; None: the default one.  :param admin_pass: None hides it.
        """
        groups = ["default"] if security_groups is None else security_groups
        shown = {"id": row.id, "links": self._links.of("servers", row.id), "OS-DCF:diskConfig": row.disk_config,
                 "security_groups": [{"name": name} for name in groups]}
        if admin_pass is not None:
            shown["adminPass"] = admin_pass
        return shown

    def show(self, row):
        """One whose record is damaged is in error, and its fault says so: it hides no other of a list."""
        try:
            return self._show(row)
        except (AttributeError, KeyError, TypeError, ValueError):
            names = damaged_server.damaged(row)
            if not names:
                raise
            return self._show(damaged_server.mended(row, names))

    def _show(self, row):
        id, host = row.id, row.host
        shown_as = "DELETED" if row.deleted_at else status(row.vm_state, row.task_state)
        server = {
            "accessIPv4": row.access_ipv4 or "",
            "accessIPv6": row.access_ipv6 or "",
            "addresses": {} if row.vm_state == Vm.BUILDING else addresses(row, self._whole),
            "created": _utc(row.created_at),
            "flavor": self._flavor(row.flavor),
            "hostId": self._host_id(row.project_id, host) if host else "",
            "id": id,
            "image": self._image(row) if row.image_id else "",
            "links": self._links.of("servers", id),
            "metadata": row.metadata,
            "name": row.display_name,
            "status": shown_as,
            "tenant_id": row.project_id,
            "user_id": row.user_id,
            "updated": _utc(row.updated_at or row.created_at),
            "OS-DCF:diskConfig": row.disk_config,
        }
        if shown_as in _PROGRESSING:
            server["progress"] = 0
        elif shown_as in _FAULTY and row.fault:
            server["fault"] = self._fault(row.fault)
        if self._whole:
            self._add_extensions(server, row)
        self._add_later(server, row)
        return server

    def _add_extensions(self, server, row):
        """What was in extensions once, hence the prefixes."""
        host = row.host
        server["OS-EXT-AZ:availability_zone"] = (row.host_zone or self._zone) if host else row.availability_zone or ""
        server["config_drive"] = "True" if row.config_drive else ""
        server["key_name"] = row.key_name
        server["OS-SRV-USG:launched_at"] = row.launched_at and row.launched_at.isoformat(timespec="microseconds")
        server["OS-SRV-USG:terminated_at"] = row.terminated_at and row.terminated_at.isoformat(timespec="microseconds")
        if row.security_groups:
            server["security_groups"] = [{"name": name} for name in row.security_groups]
        if self._attributes:
            server["OS-EXT-SRV-ATTR:host"] = host
            server["OS-EXT-SRV-ATTR:instance_name"] = f"instance-{row.number:08x}"
            server["OS-EXT-SRV-ATTR:hypervisor_hostname"] = row.hypervisor_hostname or host
            if self._attributes_23:
                server["OS-EXT-SRV-ATTR:hostname"] = row.hostname
                server["OS-EXT-SRV-ATTR:kernel_id"] = ""
                server["OS-EXT-SRV-ATTR:launch_index"] = row.launch_index
                server["OS-EXT-SRV-ATTR:ramdisk_id"] = ""
                server["OS-EXT-SRV-ATTR:reservation_id"] = row.reservation_id
                server["OS-EXT-SRV-ATTR:root_device_name"] = "/dev/vda"
                server["OS-EXT-SRV-ATTR:user_data"] = row.user_data
        server["OS-EXT-STS:task_state"] = row.task_state
        server["OS-EXT-STS:vm_state"] = row.vm_state
        server["OS-EXT-STS:power_state"] = row.power_state
        server["os-extended-volumes:volumes_attached"] = []

    def _add_later(self, server, row):
        """What microversions added, in their order."""
        since = self._v
        if since["2.9"]:
            server["locked"] = row.locked_by is not None
        if self._host_status:
            state = host_status(row, self._stale)
            if self._host_status == "any" or state == "UNKNOWN":
                server["host_status"] = state
        if since["2.19"]:
            server["description"] = row.description
        if since["2.26"]:
            server["tags"] = row.tags
        if since["2.63"]:
            server["trusted_image_certificates"] = None
        if self._groups:
            server["server_groups"] = [row.group_id] if row.group_id else []
        if since["2.73"]:
            server["locked_reason"] = row.locked_reason
        if self._hostname:
            server["OS-EXT-SRV-ATTR:hostname"] = row.hostname
        if self._whole and since["2.96"]:
            server["pinned_availability_zone"] = row.availability_zone
        if since["2.100"]:
            server["scheduler_hints"] = row.scheduler_hints

    def _flavor(self, flavor):
        if not self._embedded:
            id = flavor["flavorid"]
            return {"id": id, "links": self._links.bookmarked("flavors", id)}
        shown = {"vcpus": flavor["vcpus"], "ram": flavor["memory_mb"], "disk": flavor["root_gb"],
                 "ephemeral": flavor["ephemeral_gb"], "swap": flavor["swap_mb"], "original_name": flavor["name"]}
        if self._extra_specs:
            shown["extra_specs"] = flavor["extra_specs"]
        return shown

    def _image(self, row):
        shown = {"id": row.image_id, "links": self._links.bookmarked("images", row.image_id)}
        if self._v["2.98"]:
            shown["properties"] = {name: value for name, value in row.image_properties.items() if name in KNOWN}
        return shown

    def _host_id(self, project_id, host):
        known = self._host_ids.get((project_id, host))
        if known is None:
            known = self._host_ids[project_id, host] = host_id(project_id, host)
        return known

    def _fault(self, fault):
        """Details of an error of ours are for administrators; of the user's, for the user too."""
        shown = {"code": fault["code"], "created": fault["created"], "message": fault["message"]}
        if fault.get("details") and (self._is_admin or fault["code"] != 500):
            shown["details"] = fault["details"]
        return shown


def _host_status(context, target):
    """Which states of its host a caller may see: "any", "unknown", or None."""
    if context.may(f"{_POLICY}:host_status", target):
        return "any"
    return "unknown" if context.may(f"{_POLICY}:host_status:unknown-only", target) else None


def host_status(row, stale):
    """"UP", "DOWN", "MAINTENANCE", "UNKNOWN" (silent since ``stale``), or "" where there is no host."""
    if row.host is None or row.host_disabled is None:
        return ""
    if row.host_forced_down:
        return "DOWN"
    if row.host_disabled:
        return "MAINTENANCE"
    return "UP" if row.host_seen_at and row.host_seen_at >= stale else "UNKNOWN"


def _utc(moment):
    return moment.isoformat(timespec="seconds") + "Z"
