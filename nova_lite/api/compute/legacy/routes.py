"""The part of the compute API's table that later microversions do not have, or that answers 410 for ever."""

from nova_lite.api.compute.legacy import retired
from nova_lite.api.compute.legacy.fixed_ips import FixedIps
from nova_lite.api.compute.legacy.hosts import Hosts
from nova_lite.api.compute.legacy.images import ImageMetadata, Images
from nova_lite.api.compute.legacy.networks import FloatingIps, Groups, Networks
from nova_lite.api.compute.legacy.storage import BareMetal, Snapshots, Volumes
from nova_lite.api.compute.route_helpers import action, route

CONTROLLERS = {
    "images": Images, "image_metadata": ImageMetadata, "networks": Networks, "floating_ips": FloatingIps,
    "groups": Groups, "volumes": Volumes, "snapshots": Snapshots, "bare_metal": BareMetal,
    "fixed_ips": FixedIps, "hosts": Hosts, **retired.CONTROLLERS,
}
_UNTIL = {"images": "2.35", "image_metadata": "2.38"}


def _old(method, path, target, rule):
    return route(method, path, target, rule, until=_UNTIL.get(target.partition(":")[0], "2.35"))


_META = "/images/{image_id}/metadata"
_IPS, _GROUPS, _VOLUMES, _BAREMETAL = "os-floating-ips", "os-security-groups", "os-volumes", "os-baremetal-nodes"
_SNAPSHOTS, _HOSTS = "os-volumes:snapshots", "os-hosts"

ROUTES = (
    _old("GET", "/images", "images:index", None),
    _old("GET", "/images/detail", "images:detail", None),
    _old("GET", "/images/{id}", "images:show", None),
    _old("DELETE", "/images/{id}", "images:delete", None),
    _old("GET", _META, "image_metadata:index", None),
    _old("POST", _META, "image_metadata:create", None),
    _old("PUT", _META, "image_metadata:update_all", None),
    _old("GET", f"{_META}/{{id}}", "image_metadata:show", None),
    _old("PUT", f"{_META}/{{id}}", "image_metadata:update", None),
    _old("DELETE", f"{_META}/{{id}}", "image_metadata:delete", None),

    _old("GET", "/os-networks", "networks:index", "os-networks:list"),
    _old("GET", "/os-networks/{id}", "networks:show", "os-networks:show"),
    _old("GET", "/os-tenant-networks", "networks:tenant_index", "os-tenant-networks:list"),
    _old("GET", "/os-tenant-networks/{id}", "networks:tenant_show", "os-tenant-networks:show"),
    _old("GET", "/os-floating-ips", "floating_ips:index", f"{_IPS}:list"),
    _old("POST", "/os-floating-ips", "floating_ips:create", f"{_IPS}:create"),
    _old("GET", "/os-floating-ips/{id}", "floating_ips:show", f"{_IPS}:show"),
    _old("DELETE", "/os-floating-ips/{id}", "floating_ips:delete", f"{_IPS}:delete"),
    _old("GET", "/os-floating-ip-pools", "floating_ips:pools", "os-floating-ip-pools"),
    _old("GET", "/os-security-groups", "groups:index", f"{_GROUPS}:get"),
    _old("POST", "/os-security-groups", "groups:create", f"{_GROUPS}:create"),
    _old("GET", "/os-security-groups/{id}", "groups:show", f"{_GROUPS}:show"),
    _old("PUT", "/os-security-groups/{id}", "groups:update", f"{_GROUPS}:update"),
    _old("DELETE", "/os-security-groups/{id}", "groups:delete", f"{_GROUPS}:delete"),
    _old("POST", "/os-security-group-rules", "groups:create_rule", f"{_GROUPS}:rule:create"),
    _old("DELETE", "/os-security-group-rules/{id}", "groups:delete_rule", f"{_GROUPS}:rule:delete"),

    _old("GET", "/os-volumes", "volumes:index", f"{_VOLUMES}:list"),
    _old("POST", "/os-volumes", "volumes:create", f"{_VOLUMES}:create"),
    _old("GET", "/os-volumes/detail", "volumes:detail", f"{_VOLUMES}:detail"),
    _old("GET", "/os-volumes/{id}", "volumes:show", f"{_VOLUMES}:show"),
    _old("DELETE", "/os-volumes/{id}", "volumes:delete", f"{_VOLUMES}:delete"),
    _old("GET", "/os-snapshots", "snapshots:index", f"{_SNAPSHOTS}:list"),
    _old("POST", "/os-snapshots", "snapshots:create", f"{_SNAPSHOTS}:create"),
    _old("GET", "/os-snapshots/detail", "snapshots:detail", f"{_SNAPSHOTS}:detail"),
    _old("GET", "/os-snapshots/{id}", "snapshots:show", f"{_SNAPSHOTS}:show"),
    _old("DELETE", "/os-snapshots/{id}", "snapshots:delete", f"{_SNAPSHOTS}:delete"),
    _old("GET", "/os-baremetal-nodes", "bare_metal:index", f"{_BAREMETAL}:list"),
    _old("POST", "/os-baremetal-nodes", "bare_metal:create", None),
    _old("GET", "/os-baremetal-nodes/{id}", "bare_metal:show", f"{_BAREMETAL}:show"),
    _old("DELETE", "/os-baremetal-nodes/{id}", "bare_metal:delete", None),

    route("GET", "/os-hosts", "hosts:index", f"{_HOSTS}:list", until="2.42"),
    route("GET", "/os-hosts/{id}", "hosts:show", f"{_HOSTS}:show", until="2.42"),
    route("PUT", "/os-hosts/{id}", "hosts:update", f"{_HOSTS}:update", until="2.42"),
    route("GET", "/os-hosts/{id}/reboot", "hosts:reboot", f"{_HOSTS}:reboot", until="2.42"),
    route("GET", "/os-hosts/{id}/shutdown", "hosts:shutdown", f"{_HOSTS}:shutdown", until="2.42"),
    route("GET", "/os-hosts/{id}/startup", "hosts:startup", f"{_HOSTS}:start", until="2.42"),

    # /servers by another name, for those who boot from volumes
    *(route(method, path, target, rule, until="2.102") for method, path, target, rule in (
        ("GET", "/os-volumes_boot", "servers:index", "servers:index"),
        ("POST", "/os-volumes_boot", "servers:create", "servers:create"),
        ("GET", "/os-volumes_boot/detail", "servers:detail", "servers:detail"),
        ("GET", "/os-volumes_boot/{id}", "servers:show", "servers:show"),
        ("PUT", "/os-volumes_boot/{id}", "servers:update", "servers:update"),
        ("DELETE", "/os-volumes_boot/{id}", "servers:delete", "servers:delete"))),
    *retired.ROUTES,
)

ACTIONS = (
    action("addFixedIp", "fixed_ips:add", "os-multinic:add", until="2.43"),
    action("removeFixedIp", "fixed_ips:remove", "os-multinic:remove", until="2.43"),
    action("addFloatingIp", "floating_ips:add", f"{_IPS}:add", until="2.43"),
    action("removeFloatingIp", "floating_ips:remove", f"{_IPS}:remove", until="2.43"),
    *(action(name, target, None, on=_BAREMETAL, until="2.35") for name, target in (
        ("add_interface", "bare_metal:add_interface"), ("remove_interface", "bare_metal:remove_interface"))),
    *(action(name, target, rule, on="os-volumes_boot", until="2.102") for name, target, rule in (
        ("os-start", "power:start", "servers:start"), ("os-stop", "power:stop", "servers:stop"),
        ("reboot", "power:reboot", "servers:reboot"), ("rebuild", "rebuild:rebuild", "servers:rebuild"),
        ("createImage", "snapshot:image", "servers:create_image"), ("resize", "resize:resize", "servers:resize"),
        ("confirmResize", "resize:confirm", "servers:confirm_resize"),
        ("revertResize", "resize:revert", "servers:revert_resize"))),
    action("trigger_crash_dump", "guest:crash", "servers:trigger_crash_dump", on="os-volumes_boot", since="2.17",
           until="2.102"),
    *retired.ACTIONS,
)
