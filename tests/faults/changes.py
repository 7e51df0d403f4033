"""Every change a user or operator can ask for that is no operation: its effect is whole or absent, and whole when the
answer said so.

``CHANGES`` names each mutating route once.  What "whole" is nobody writes down: a calm run shows it, as the database
after it, and a run with a fault must end with that database or with the one from before.
"""

import dataclasses
import functools
import importlib

from nova_lite.objects import qos_rules
from tests.faults.scenarios import Scenario, asker, scenarios
from tests.sample_resources import QOS_RULES

SERVICES = {"compute": "/compute/v2.1", "image": "/image/v2", "network": "/network/v2.0", "identity": "/identity/v3"}
_IMAGE = {"name": "x", "disk_format": "raw", "container_format": "bare"}
_PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
_OLD = {"OpenStack-API-Version": "compute 2.1"}
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4bWq0dVQbXzVn0sH8x0Gq3Q1X8J3Q0m0zq1kqYy7nM x"


@dataclasses.dataclass(frozen=True)
class Change:
    """:ivar path: below the service's root; "{name}" is a fact.  :ivar user: who asks, "admin" or "demo"."""

    path: str
    body: object = None
    user: str = "admin"
    headers: dict | None = None


def _at(path, body=None, user="admin", headers=None):
    return Change(path, body, user, headers)


#: {type: what a rule of it is changed to}
_OTHER_QOS_RULES = {"bandwidth_limit": {"max_kbps": 2000}, "dscp_marking": {"dscp_mark": 10},
                    "minimum_bandwidth": {"min_kbps": 7}, "packet_rate_limit": {"max_kpps": 20},
                    "minimum_packet_rate": {"min_kpps": 2}}
#: "service METHOD route" (an action: "service action NAME") -> how to ask for it.  ONE LINE EACH.
CHANGES = {
    "compute PUT /servers/{id}": _at("/servers/{server}", {"server": {"name": "renamed"}}, "demo"),
    "compute POST /servers/{server_id}/metadata": _at("/servers/{server}/metadata", {"metadata": {"a": "b"}}, "demo"),
    "compute PUT /servers/{server_id}/metadata": _at("/servers/{server}/metadata", {"metadata": {"c": "d"}}, "demo"),
    "compute PUT /servers/{server_id}/metadata/{id}": _at("/servers/{server}/metadata/k", {"meta": {"k": "w"}}, "demo"),
    "compute DELETE /servers/{server_id}/metadata/{id}": _at("/servers/{server}/metadata/k", None, "demo"),
    "compute PUT /servers/{server_id}/tags": _at("/servers/{server}/tags", {"tags": ["x", "y"]}, "demo"),
    "compute DELETE /servers/{server_id}/tags": _at("/servers/{server}/tags", None, "demo"),
    "compute PUT /servers/{server_id}/tags/{id}": _at("/servers/{server}/tags/z", None, "demo"),
    "compute DELETE /servers/{server_id}/tags/{id}": _at("/servers/{server}/tags/t", None, "demo"),
    "compute action lock": _at("/servers/{server}/action", {"lock": None}, "demo"),
    "compute action unlock": _at("/servers/{server}/action", {"unlock": None}, "demo"),
    "compute POST /flavors": _at("/flavors", {"flavor": {
        "name": "new", "ram": 64, "vcpus": 1, "disk": 1, "id": "new"}}),
    "compute PUT /flavors/{id}": _at("/flavors/spare", {"flavor": {"description": "changed"}}),
    "compute DELETE /flavors/{id}": _at("/flavors/spare"),
    "compute POST /flavors/{flavor_id}/os-extra_specs": _at("/flavors/spare/os-extra_specs", {"extra_specs": {
        "hw:cpu_policy": "shared"}}),
    "compute PUT /flavors/{flavor_id}/os-extra_specs/{id}": _at("/flavors/spare/os-extra_specs/{spec}", {
        "quota:vif_inbound_average": "2"}),
    "compute DELETE /flavors/{flavor_id}/os-extra_specs/{id}": _at("/flavors/spare/os-extra_specs/{spec}"),
    "compute action addTenantAccess": _at("/flavors/private/action", {"addTenantAccess": {"tenant": "{demo_project}"}}),
    "compute action removeTenantAccess": _at("/flavors/private/action", {"removeTenantAccess": {
        "tenant": "{admin_project}"}}),
    "compute POST /os-keypairs": _at("/os-keypairs", {"keypair": {"name": "new", "type": "ssh", "public_key": _KEY}},
                                    "demo"),
    "compute DELETE /os-keypairs/{id}": _at("/os-keypairs/kp", None, "demo"),
    "compute PUT /os-quota-sets/{id}": _at("/os-quota-sets/{demo_project}", {"quota_set": {"cores": 40, "ram": 9000}}),
    "compute DELETE /os-quota-sets/{id}": _at("/os-quota-sets/{admin_project}"),
    "compute PUT /os-services/{id}": _at("/os-services/{host_service}", {"status": "disabled", "disabled_reason": "x"}),
    "compute DELETE /os-services/{id}": _at("/os-services/{service}"),
    "compute POST /os-server-groups": _at("/os-server-groups", {"server_group": {"name": "g", "policy": "affinity"}},
                                         "demo"),
    "compute DELETE /os-server-groups/{id}": _at("/os-server-groups/{server_group}", None, "demo"),
    "compute POST /os-aggregates": _at("/os-aggregates", {"aggregate": {"name": "new"}}),
    "compute PUT /os-aggregates/{id}": _at("/os-aggregates/{aggregate}", {"aggregate": {"name": "other"}}),
    "compute DELETE /os-aggregates/{id}": _at("/os-aggregates/{empty_aggregate}"),
    "compute action add_host": _at("/os-aggregates/{aggregate}/action", {"add_host": {"host": "h2"}}),
    "compute action remove_host": _at("/os-aggregates/{aggregate}/action", {"remove_host": {"host": "h1"}}),
    "compute action set_metadata": _at("/os-aggregates/{aggregate}/action", {"set_metadata": {"metadata": {"a": "b"}}}),
    "compute PUT /os-quota-class-sets/{id}": _at("/os-quota-class-sets/default", {"quota_class_set": {"cores": 44}}),
    "compute action os-resetState": _at("/servers/{server}/action", {"os-resetState": {"state": "error"}}),
    "compute action migrate": _at("/servers/{server}/action", {"migrate": None}),
    "compute action os-migrateLive": _at("/servers/{server}/action", {"os-migrateLive": {
        "host": None, "block_migration": "auto"}}),
    "compute action addSecurityGroup": _at("/servers/{server}/action", {"addSecurityGroup": {
        "name": "{group}"}}, "demo"),
    "compute action removeSecurityGroup": _at("/servers/{server}/action", {"removeSecurityGroup": {
        "name": "default"}}, "demo"),
    "compute POST /servers/{server_id}/remote-consoles": _at("/servers/{server}/remote-consoles", {
        "remote_console": {"protocol": "vnc", "type": "novnc"}}, "demo"),
    # the older words for other services' images and groups
    "compute DELETE /images/{id}": _at("/images/{full_image}", None, "demo", _OLD),
    "compute POST /images/{image_id}/metadata": _at("/images/{full_image}/metadata", {"metadata": {"a": "b"}}, "demo",
                                                   _OLD),
    "compute PUT /images/{image_id}/metadata": _at("/images/{full_image}/metadata", {"metadata": {"c": "d"}}, "demo",
                                                  _OLD),
    "compute PUT /images/{image_id}/metadata/{id}": _at("/images/{full_image}/metadata/k", {"meta": {"k": "w"}}, "demo",
                                                       _OLD),
    "compute DELETE /images/{image_id}/metadata/{id}": _at("/images/{full_image}/metadata/k", None, "demo", _OLD),
    "compute POST /os-security-groups": _at("/os-security-groups", {"security_group": {
        "name": "new", "description": "d"}}, "demo", _OLD),
    "compute PUT /os-security-groups/{id}": _at("/os-security-groups/{group}", {"security_group": {
        "name": "other", "description": "d"}}, "demo", _OLD),
    "compute DELETE /os-security-groups/{id}": _at("/os-security-groups/{group}", None, "demo", _OLD),
    "compute POST /os-security-group-rules": _at("/os-security-group-rules", {"security_group_rule": {
        "parent_group_id": "{group}", "ip_protocol": "udp", "from_port": 7, "to_port": 8, "cidr": "0.0.0.0/0"}}, "demo",
        _OLD),
    "compute DELETE /os-security-group-rules/{id}": _at("/os-security-group-rules/{rule}", None, "demo", _OLD),

    "image POST /images": _at("/images", _IMAGE, "demo"),
    "image PATCH /images/{id}": _at("/images/{full_image}", [{"op": "replace", "path": "/name", "value": "y"}], "demo",
                                   _PATCH),
    "image DELETE /images/{id}": _at("/images/{full_image}", None, "demo"),
    "image PUT /images/{id}/tags/{tag}": _at("/images/{full_image}/tags/new", None, "demo"),
    "image DELETE /images/{id}/tags/{tag}": _at("/images/{full_image}/tags/t", None, "demo"),
    "image POST /images/{id}/actions/deactivate": _at("/images/{full_image}/actions/deactivate"),
    "image POST /images/{id}/actions/reactivate": _at("/images/{off_image}/actions/reactivate"),
    "image PUT /images/{id}/file": _at("/images/{queued_image}/file", b"z" * 1000, "demo"),
    "image POST /images/{id}/members": _at("/images/{full_image}/members", {"member": "{admin_project}"}, "demo"),
    "image PUT /images/{id}/members/{member_id}": _at("/images/{off_image}/members/{admin_project}", {
        "status": "accepted"}),
    "image DELETE /images/{id}/members/{member_id}": _at("/images/{off_image}/members/{admin_project}", None, "demo"),

    "network POST /networks": _at("/networks", {"network": {"name": "new"}}, "demo"),
    "network PUT /networks/{id}": _at("/networks/{network}", {"network": {"name": "renamed"}}, "demo"),
    "network DELETE /networks/{id}": _at("/networks/{empty_network}", None, "demo"),
    "network POST /subnets": _at("/subnets", {"subnet": {"network_id": "{network}", "ip_version": 6,
                                                        "cidr": "fd00:98::/64", "ipv6_ra_mode": "slaac"}}, "demo"),
    "network PUT /subnets/{id}": _at("/subnets/{subnet}", {"subnet": {"name": "renamed"}}, "demo"),
    "network DELETE /subnets/{id}": _at("/subnets/{subnet}", None, "demo"),
    "network POST /ports": _at("/ports", {"port": {"network_id": "{network}"}}, "demo"),
    "network PUT /ports/{id}": _at("/ports/{port}", {"port": {"name": "renamed"}}, "demo"),
    "network DELETE /ports/{id}": _at("/ports/{port}", None, "demo"),
    "network POST /security-groups": _at("/security-groups", {"security_group": {"name": "new"}}, "demo"),
    "network PUT /security-groups/{id}": _at("/security-groups/{group}", {"security_group": {"name": "other"}}, "demo"),
    "network DELETE /security-groups/{id}": _at("/security-groups/{group}", None, "demo"),
    **{f"network {change} /{kind}/{{id}}/tags{more}": _at(f"/{kind}/{{{fact}}}/tags{tag}", body,
                                                           "admin" if fact in ("qos", "segment") else "demo")
       for kind, fact in (("networks", "network"), ("subnets", "subnet"), ("ports", "port"),
                          ("security-groups", "group"), ("subnetpools", "pool"), ("routers", "router"),
                          ("floatingips", "floating"), ("qos/policies", "qos"), ("policies", "qos"),
                          ("trunks", "trunk"), ("segments", "segment"))
       for change, more, tag, body in (("POST", "", "", {"tags": ["new"]}), ("PUT", "", "", {"tags": ["new"]}),
                                       ("DELETE", "", "", None), ("PUT", "/{tag}", "/new", None),
                                       ("DELETE", "/{tag}", "/t", None))},
    "network POST /qos/policies": _at("/qos/policies", {"policy": {"name": "new"}}),
    "network PUT /qos/policies/{id}": _at("/qos/policies/{qos}", {"policy": {"is_default": True}}),
    "network DELETE /qos/policies/{id}": _at("/qos/policies/{idle_qos}"),
    **{f"network POST /qos/policies/{{policy_id}}/{kind}_rules": _at(f"/qos/policies/{{idle_qos}}/{kind}_rules", {
        f"{kind}_rule": value}) for kind, value in QOS_RULES.items()},
    **{f"network {method} /qos/policies/{{policy_id}}/{kind}_rules/{{id}}": _at(
        f"/qos/policies/{{qos}}/{kind}_rules/{{{kind}}}", body) for kind, value in _OTHER_QOS_RULES.items()
       for method, body in (("PUT", {f"{kind}_rule": value}), ("DELETE", None))},
    **{f"network {method} /qos/alias_{kind}_rules/{{id}}": _at(f"/qos/alias_{kind}_rules/{{{kind}}}", body)
       for kind, value in _OTHER_QOS_RULES.items() if kind in qos_rules.ALIASED
       for method, body in (("PUT", {f"alias_{kind}_rule": value}), ("DELETE", None))},
    "network POST /ports/{port_id}/bindings": _at("/ports/{device_port}/bindings", {"binding": {"host": "new"}},
                                                  "nova"),
    "network PUT /ports/{port_id}/bindings/{id}": _at("/ports/{device_port}/bindings/h1", {"binding": {
        "profile": {"a": 1}}}),
    "network PUT /ports/{port_id}/bindings/{id}/activate": _at("/ports/{device_port}/bindings/h1/activate", None,
                                                               "nova"),
    "network DELETE /ports/{port_id}/bindings/{id}": _at("/ports/{device_port}/bindings/h1", None, "nova"),
    "network POST /segments": _at("/segments", {"segment": {"network_id": "{network}", "network_type": "local"}}),
    "network PUT /segments/{id}": _at("/segments/{segment}", {"segment": {"name": "renamed"}}),
    "network DELETE /segments/{id}": _at("/segments/{segment}"),
    "network POST /trunks": _at("/trunks", {"trunk": {"port_id": "{port}", "sub_ports": [
        {"port_id": "{loose_port}", "segmentation_type": "vlan", "segmentation_id": 3}]}}, "demo"),
    "network PUT /trunks/{id}": _at("/trunks/{trunk}", {"trunk": {"name": "renamed"}}, "demo"),
    "network DELETE /trunks/{id}": _at("/trunks/{trunk}", None, "demo"),
    "network PUT /trunks/{id}/add_subports": _at("/trunks/{trunk}/add_subports", {"sub_ports": [
        {"port_id": "{loose_port}", "segmentation_type": "vlan", "segmentation_id": 3}]}, "demo"),
    "network PUT /trunks/{id}/remove_subports": _at("/trunks/{trunk}/remove_subports", {"sub_ports": [
        {"port_id": "{subport}"}]}, "demo"),
    "network POST /address-scopes": _at("/address-scopes", {"address_scope": {"name": "new", "ip_version": 4}}, "demo"),
    "network PUT /address-scopes/{id}": _at("/address-scopes/{scope}", {"address_scope": {"name": "renamed"}}, "demo"),
    "network DELETE /address-scopes/{id}": _at("/address-scopes/{scope}", None, "demo"),
    "network POST /subnetpools": _at("/subnetpools", {"subnetpool": {
        "name": "new", "prefixes": ["10.40.0.0/16"]}}, "demo"),
    "network PUT /subnetpools/{id}": _at("/subnetpools/{pool}", {"subnetpool": {"name": "renamed"}}, "demo"),
    "network DELETE /subnetpools/{id}": _at("/subnetpools/{pool}", None, "demo"),
    "network PUT /subnetpools/{id}/add_prefixes": _at("/subnetpools/{pool}/add_prefixes", {
        "prefixes": ["10.52.0.0/16"]}, "demo"),
    "network PUT /subnetpools/{id}/remove_prefixes": _at("/subnetpools/{pool}/remove_prefixes", {
        "prefixes": ["10.50.0.0/16"]}, "demo"),
    "network POST /address-groups": _at("/address-groups", {"address_group": {
        "name": "new", "addresses": ["10.1.0.0/16"]}}, "demo"),
    "network PUT /address-groups/{id}": _at("/address-groups/{addresses}", {
        "address_group": {"name": "other"}}, "demo"),
    "network DELETE /address-groups/{id}": _at("/address-groups/{addresses}", None, "demo"),
    "network PUT /address-groups/{id}/add_addresses": _at("/address-groups/{addresses}/add_addresses", {
        "addresses": ["10.3.0.0/16"]}, "demo"),
    "network PUT /address-groups/{id}/remove_addresses": _at("/address-groups/{addresses}/remove_addresses", {
        "addresses": ["10.2.0.0/16"]}, "demo"),
    "network POST /default-security-group-rules": _at("/default-security-group-rules", {
        "default_security_group_rule": {"direction": "ingress", "protocol": "icmp"}}),
    "network DELETE /default-security-group-rules/{id}": _at("/default-security-group-rules/{first_rule}"),
    "network POST /routers": _at("/routers", {"router": {
        "name": "new", "external_gateway_info": {"network_id": "{external}"}}}, "demo"),
    "network PUT /routers/{id}": _at("/routers/{router}", {"router": {"admin_state_up": False}}, "demo"),
    "network DELETE /routers/{id}": _at("/routers/{bare_router}", None, "demo"),
    "network PUT /routers/{id}/add_router_interface": _at("/routers/{bare_router}/add_router_interface", {
        "subnet_id": "{spare_subnet}"}, "demo"),
    "network PUT /routers/{id}/remove_router_interface": _at("/routers/{router}/remove_router_interface", {
        "subnet_id": "{loose_subnet}"}, "demo"),
    "network PUT /routers/{id}/add_extraroutes": _at("/routers/{router}/add_extraroutes", {"router": {"routes": [
        {"destination": "10.60.0.0/16", "nexthop": "10.97.0.7"}]}}, "demo"),
    "network PUT /routers/{id}/remove_extraroutes": _at("/routers/{router}/remove_extraroutes", {"router": {"routes": [
        {"destination": "10.61.0.0/16", "nexthop": "172.24.4.9"}]}}, "demo"),
    "network DELETE /auto-allocated-topology/{id}": _at("/auto-allocated-topology/None", None, "demo"),
    "network POST /floatingips": _at("/floatingips", {"floatingip": {
        "floating_network_id": "{external}", "port_id": "{inner_port}"}}, "demo"),
    "network PUT /floatingips/{id}": _at("/floatingips/{floating}", {"floatingip": {
        "port_id": "{inner_port}"}}, "demo"),
    "network DELETE /floatingips/{id}": _at("/floatingips/{floating}", None, "demo"),
    "network POST /floatingips/{floatingip_id}/port_forwardings": _at("/floatingips/{forwarded}/port_forwardings", {
        "port_forwarding": {"internal_port_id": "{inner_port}", "protocol": "udp", "external_port": 53,
                            "internal_port": 53}}, "demo"),
    "network PUT /floatingips/{floatingip_id}/port_forwardings/{id}": _at(
        "/floatingips/{forwarded}/port_forwardings/{forwarding}", {"port_forwarding": {"external_port": 24}}, "demo"),
    "network DELETE /floatingips/{floatingip_id}/port_forwardings/{id}": _at(
        "/floatingips/{forwarded}/port_forwardings/{forwarding}", None, "demo"),
    "network POST /rbac-policies": _at("/rbac-policies", {"rbac_policy": {
        "object_type": "network", "object_id": "{network}", "action": "access_as_shared",
        "target_tenant": "{admin_project}"}}, "demo"),
    "network PUT /rbac-policies/{id}": _at("/rbac-policies/{policy}", {"rbac_policy": {
        "target_tenant": "{demo_project}"}}, "demo"),
    "network DELETE /rbac-policies/{id}": _at("/rbac-policies/{policy}", None, "demo"),
    "network PUT /quotas/{project_id}": _at("/quotas/{demo_project}", {"quota": {"port": 77}}),
    "network DELETE /quotas/{project_id}": _at("/quotas/{admin_project}"),
    "network POST /security-group-rules": _at("/security-group-rules", {"security_group_rule": {
        "security_group_id": "{group}", "direction": "ingress", "protocol": "udp"}}, "demo"),
    "network DELETE /security-group-rules/{id}": _at("/security-group-rules/{rule}", None, "demo"),

    "identity POST /auth/tokens": _at("/auth/tokens", {"auth": {"identity": {"methods": ["password"], "password": {
        "user": {"id": "{user}", "password": "first-1"}}}}}),
    "identity DELETE /auth/tokens": _at("/auth/tokens", headers={"X-Subject-Token": "{spare_token}"}),
    "identity POST /users": _at("/users", {"user": {"name": "new", "password": "abc-123"}}),
    "identity PATCH /users/{id}": _at("/users/{user}", {"user": {"enabled": False}}),
    "identity DELETE /users/{id}": _at("/users/{user}"),
    "identity POST /users/{id}/password": _at("/users/{user}/password", {"user": {
        "original_password": "first-1", "password": "second-2"}}),
    "identity POST /projects": _at("/projects", {"project": {"name": "new"}}),
    "identity PATCH /projects/{id}": _at("/projects/{project}", {"project": {"description": "changed"}}),
    "identity DELETE /projects/{id}": _at("/projects/{project}"),
    "identity PUT /projects/{id}/tags": _at("/projects/{project}/tags", {"tags": ["new"]}),
    "identity DELETE /projects/{id}/tags": _at("/projects/{project}/tags"),
    "identity PUT /projects/{id}/tags/{value}": _at("/projects/{project}/tags/new"),
    "identity DELETE /projects/{id}/tags/{value}": _at("/projects/{project}/tags/t"),
    "identity POST /domains": _at("/domains", {"domain": {"name": "new"}}),
    "identity PATCH /domains/{id}": _at("/domains/{domain}", {"domain": {"description": "changed"}}),
    "identity DELETE /domains/{id}": _at("/domains/{domain}"),
    "identity POST /roles": _at("/roles", {"role": {"name": "new"}}),
    "identity PATCH /roles/{id}": _at("/roles/{role}", {"role": {"name": "other"}}),
    "identity DELETE /roles/{id}": _at("/roles/{role}"),
    "identity PUT /projects/{target_id}/users/{user_id}/roles/{role_id}": _at(
        "/projects/{project}/users/{user}/roles/{role}"),
    "identity DELETE /projects/{target_id}/users/{user_id}/roles/{role_id}": _at(
        "/projects/{demo_project}/users/{user}/roles/{role}"),
    "identity PUT /domains/{target_id}/users/{user_id}/roles/{role_id}": _at(
        "/domains/{domain}/users/{user}/roles/{role}"),
    "identity DELETE /domains/{target_id}/users/{user_id}/roles/{role_id}": _at(
        "/domains/default/users/{user}/roles/{role}"),
    "identity PUT /system/users/{user_id}/roles/{role_id}": _at("/system/users/{user}/roles/{role}"),
    "identity DELETE /system/users/{user_id}/roles/{role_id}": _at("/system/users/{admin_user}/roles/{role}"),
}

#: Mutating methods that change nothing here.
HARMLESS = {
    "compute action os-getConsoleOutput", "compute POST /os-server-external-events",
    "compute POST /os-aggregates/{id}/images", "compute POST /os-assisted-volume-snapshots",
    "compute DELETE /os-assisted-volume-snapshots/{id}", "compute PUT /os-hosts/{id}",
    "compute POST /servers/{server_id}/shares", "compute DELETE /servers/{server_id}/shares/{id}",
    "compute DELETE /servers/{server_id}/os-server-password",
    # the same as POST remote-consoles, in older words
    "compute action os-getVNCConsole", "compute action os-getSPICEConsole", "compute action os-getRDPConsole",
    "compute action os-getSerialConsole",
    # there are none of these
    "compute POST /os-floating-ips", "compute DELETE /os-floating-ips/{id}", "compute POST /os-volumes",
    "compute DELETE /os-volumes/{id}", "compute POST /os-snapshots", "compute DELETE /os-snapshots/{id}",
    "compute POST /os-baremetal-nodes", "compute DELETE /os-baremetal-nodes/{id}", "compute POST /os-volumes_boot",
    "compute PUT /os-volumes_boot/{id}", "compute DELETE /os-volumes_boot/{id}", "compute action add_interface",
    "compute action remove_interface",
    "compute POST /servers/{server_id}/os-volume_attachments",
    "compute PUT /servers/{server_id}/os-volume_attachments/{id}",
    "compute DELETE /servers/{server_id}/os-volume_attachments/{id}", "compute action addFloatingIp",
    "compute action removeFloatingIp", "compute action injectNetworkInfo",
    "compute action trigger_crash_dump",        # nothing is recorded of it
    "compute action evacuate",                  # its host lives
    # of an operation that is not there yet
    "compute DELETE /servers/{server_id}/migrations/{id}", "compute action force_complete",
}
#: Controllers whose routes all answer that there is no such thing (any more).
_ABSENT = ("absent", "retired")


def furnish(world):
    """Make one of everything that a change needs; its ids become facts."""
    def made(service, path, body, *keys, user="admin", method="POST", headers=None):
        answer = world.ask(method, SERVICES[service] + _filled(path, world.facts), _filled(body, world.facts),
                           user=user, headers=headers)
        assert answer.status_int < 300, f"{method} {path}: {answer.status} {answer.text}"
        value = answer.json if keys else None
        for key in keys:
            value = value[key]
        return value
    facts = world.facts
    facts.spec = "quota:vif_inbound_average"
    size = {"ram": 64, "vcpus": 1, "disk": 1}
    made("compute", "/flavors", {"flavor": {"name": "spare", "id": "spare", **size}})
    made("compute", "/flavors/spare/os-extra_specs", {"extra_specs": {"quota:vif_inbound_average": "1"}})
    made("compute", "/flavors", {"flavor": {"name": "private", "id": "private", "os-flavor-access:is_public": False,
                                            **size}})
    made("compute", "/flavors/private/action", {"addTenantAccess": {"tenant": "{admin_project}"}})
    made("compute", "/os-keypairs", {"keypair": {"name": "kp", "type": "ssh", "public_key": _KEY}}, user="demo")
    made("compute", "/servers/{server}/metadata", {"metadata": {"k": "v"}}, user="demo")
    made("compute", "/servers/{server}/tags", {"tags": ["t"]}, method="PUT", user="demo")
    made("compute", "/os-quota-sets/{admin_project}", {"quota_set": {"cores": 30}}, method="PUT")
    facts.service = next(each["id"] for each in made("compute", "/os-services", None, "services", method="GET")
                         if each["binary"] == "nova-scheduler")
    facts.host_service = next(each["id"] for each in made("compute", "/os-services", None, "services", method="GET")
                              if (each["binary"], each["host"]) == ("nova-compute", "h2"))
    facts.server_group = made("compute", "/os-server-groups", {"server_group": {"name": "sg", "policy": "affinity"}},
                              "server_group", "id", user="demo")
    for name in ("aggregate", "empty_aggregate"):
        vars(facts)[name] = made("compute", "/os-aggregates", {"aggregate": {"name": name}}, "aggregate", "id")
    made("compute", "/os-aggregates/{aggregate}/action", {"add_host": {"host": "h1"}})
    for name in ("full_image", "off_image", "queued_image"):
        vars(facts)[name] = made("image", "/images", _IMAGE, "id", user="demo")
        if name != "queued_image":
            made("image", f"/images/{{{name}}}/file", b"y" * 700, method="PUT", user="demo")
    made("image", "/images/{full_image}", [{"op": "add", "path": "/k", "value": "v"}], method="PATCH", user="demo",
         headers=_PATCH)
    made("image", "/images/{full_image}/tags/t", None, method="PUT", user="demo")
    made("image", "/images/{off_image}/members", {"member": "{admin_project}"}, user="demo")
    made("image", "/images/{off_image}/actions/deactivate", None)
    facts.empty_network = made("network", "/networks", {"network": {"name": "second"}}, "network", "id", user="demo")
    facts.subnet = made("network", "/subnets", {"subnet": {
        "network_id": facts.empty_network, "ip_version": 4, "cidr": "10.99.0.0/24"}}, "subnet", "id", user="demo")
    facts.port = made("network", "/ports", {"port": {"network_id": facts.network}}, "port", "id", user="demo")
    facts.group = made("network", "/security-groups", {"security_group": {"name": "sg"}}, "security_group", "id",
                       user="demo")
    facts.rule = made("network", "/security-group-rules", {"security_group_rule": {
        "security_group_id": facts.group, "direction": "ingress", "protocol": "tcp"}}, "security_group_rule", "id",
        user="demo")
    facts.scope = made("network", "/address-scopes", {"address_scope": {"name": "s", "ip_version": 4}},
                       "address_scope", "id", user="demo")
    facts.pool = made("network", "/subnetpools", {"subnetpool": {
        "name": "p", "prefixes": ["10.48.0.0/16", "10.50.0.0/16"]}}, "subnetpool", "id", user="demo")
    facts.addresses = made("network", "/address-groups", {"address_group": {"addresses": ["10.2.0.0/16"]}},
                           "address_group", "id", user="demo")
    facts.first_rule = made("network", "/default-security-group-rules", {"default_security_group_rule": {
        "direction": "ingress", "protocol": "sctp"}}, "default_security_group_rule", "id")
    facts.policy = made("network", "/rbac-policies", {"rbac_policy": {
        "object_type": "network", "object_id": facts.empty_network, "action": "access_as_shared",
        "target_tenant": "{admin_project}"}}, "rbac_policy", "id", user="demo")
    _routers(facts, made)
    _qos(facts, made)
    _trunks(facts, made)
    for kind, fact in (("networks", facts.network), ("subnets", facts.subnet), ("ports", facts.port),
                       ("security-groups", facts.group), ("subnetpools", facts.pool), ("routers", facts.router),
                       ("floatingips", facts.floating), ("trunks", facts.trunk)):
        made("network", f"/{kind}/{fact}/tags/t", None, method="PUT", user="demo")
    made("network", "/quotas/{admin_project}", {"quota": {"port": 99}}, method="PUT")
    facts.user = made("identity", "/users", {"user": {"name": "u", "password": "first-1"}}, "user", "id")
    facts.project = made("identity", "/projects", {"project": {"name": "p"}}, "project", "id")
    made("identity", f"/projects/{facts.project}/tags/t", None, method="PUT")
    facts.domain = made("identity", "/domains", {"domain": {"name": "d", "enabled": False}}, "domain", "id")
    facts.role = made("identity", "/roles", {"role": {"name": "r"}}, "role", "id")
    for path in ("/projects/{demo_project}/users/{user}/roles/{role}", "/domains/default/users/{user}/roles/{role}",
                 "/system/users/{admin_user}/roles/{role}"):
        made("identity", path, None, method="PUT")
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
        "id": facts.user, "password": "first-1"}}}}}
    answer = world.ask("POST", "/identity/v3/auth/tokens", login)
    assert answer.status_int == 201, answer.text
    facts.spare_token = answer.headers["X-Subject-Token"]
    world.simulation.run(3)


def _qos(facts, made):
    """QoS policies without rules, and with one of each type, which is for a network with ports."""
    facts.idle_qos, facts.qos = (made("network", "/qos/policies", {"policy": {"name": name, "shared": True}}, "policy",
                                      "id") for name in ("idle", "used"))
    for kind, value in QOS_RULES.items():
        setattr(facts, kind, made("network", f"/qos/policies/{facts.qos}/{kind}_rules", {f"{kind}_rule": value},
                                  f"{kind}_rule", "id"))
    made("network", f"/networks/{facts.network}", {"network": {"qos_policy_id": facts.qos}}, method="PUT", user="demo")
    made("network", f"/qos/policies/{facts.qos}/tags/t", None, method="PUT")


def _trunks(facts, made):
    """A trunk with a sub-port, a port of nothing, one of a device with a binding, and a segment."""
    for name, said in (("parent", {}), ("subport", {}), ("loose_port", {}),
                       ("device_port", {"device_owner": "compute:other"})):
        vars(facts)[name] = made("network", "/ports", {"port": {"network_id": facts.network, **said}}, "port", "id",
                                 user="demo")
    facts.trunk = made("network", "/trunks", {"trunk": {"port_id": facts.parent, "sub_ports": [
        {"port_id": facts.subport, "segmentation_type": "vlan", "segmentation_id": 2}]}}, "trunk", "id", user="demo")
    made("network", f"/ports/{facts.device_port}/bindings", {"binding": {"host": "h1"}}, user="nova")
    facts.segment = made("network", "/segments", {"segment": {"network_id": facts.network, "network_type": "local"}},
                         "segment", "id")
    made("network", f"/segments/{facts.segment}/tags/t", None, method="PUT")


def _routers(facts, made):
    """An external network, a router with gateway, interface and route, and one with nothing."""
    facts.external = made("network", "/networks", {"network": {"name": "out", "router:external": True}}, "network",
                          "id")
    made("network", "/subnets", {"subnet": {"network_id": facts.external, "ip_version": 4, "cidr": "172.24.4.0/24"}})
    facts.inner_network = made("network", "/networks", {"network": {"name": "in"}}, "network", "id", user="demo")
    for name, cidr in (("inner_subnet", "10.97.0.0/24"), ("spare_subnet", "10.96.0.0/24"),
                       ("loose_subnet", "10.95.0.0/24")):
        vars(facts)[name] = made("network", "/subnets", {"subnet": {
            "network_id": facts.inner_network, "ip_version": 4, "cidr": cidr}}, "subnet", "id", user="demo")
    for name, said in (("router", {"external_gateway_info": {"network_id": facts.external}}), ("bare_router", {})):
        vars(facts)[name] = made("network", "/routers", {"router": said}, "router", "id", user="demo")
    for subnet in (facts.inner_subnet, facts.loose_subnet):
        made("network", f"/routers/{facts.router}/add_router_interface", {"subnet_id": subnet}, method="PUT",
             user="demo")
    facts.inner_port = made("network", "/ports", {"port": {"network_id": facts.inner_network, "fixed_ips": [
        {"subnet_id": facts.inner_subnet}]}}, "port", "id", user="demo")
    for name in ("floating", "forwarded"):
        vars(facts)[name] = made("network", "/floatingips", {"floatingip": {"floating_network_id": facts.external}},
                                 "floatingip", "id", user="demo")
    made("network", f"/networks/{facts.external}", {"network": {"is_default": True}}, method="PUT")
    made("network", "/subnetpools", {"subnetpool": {
        "name": "d", "prefixes": ["10.94.0.0/16"], "default_prefixlen": 26, "is_default": True}})
    made("network", "/auto-allocated-topology/None", None, method="GET", user="demo")
    facts.forwarding = made("network", f"/floatingips/{facts.forwarded}/port_forwardings", {"port_forwarding": {
        "internal_port_id": facts.inner_port, "protocol": "tcp", "external_port": 22, "internal_port": 22}},
        "port_forwarding", "id", user="demo")
    made("network", f"/routers/{facts.router}/add_extraroutes", {"router": {"routes": [
        {"destination": "10.61.0.0/16", "nexthop": "172.24.4.9"}]}}, method="PUT", user="demo")


def _filled(value, facts):
    """``value`` with "{name}" in its strings replaced by facts."""
    if isinstance(value, str):
        for name, fact in vars(facts).items():
            value = value.replace(f"{{{name}}}", str(fact))
        return value
    if isinstance(value, dict):
        return {key: _filled(each, facts) for key, each in value.items()}
    return [_filled(each, facts) for each in value] if isinstance(value, list) else value


def ask(world, name):
    change = CHANGES[name]
    service, method, _ = name.split(" ", 2)
    method = "POST" if method == "action" else method
    world.answer = world.ask(method, SERVICES[service] + _filled(change.path, world.facts),
                             _filled(change.body, world.facts), user=change.user,
                             headers=_filled(change.headers, world.facts))


def scenario(name):
    return Scenario(name, "furnished", functools.partial(ask, name=name), ())


# ---- what there is to ask for

@functools.cache
def names():
    """The changes whose routes there are."""
    return [name for name in CHANGES if name in mutating()]


@functools.cache
def mutating():
    """Names of all mutating routes and actions of all services."""
    found = []
    for service in SERVICES:
        package = importlib.import_module(f"nova_lite.api.{service}.routes")
        found += [f"{service} {each.method} {each.path}" for each in package.ROUTES
                  if each.method not in ("GET", "HEAD") and not _absent(each)]
        found += [f"{service} action {each.name}" for each in getattr(package, "ACTIONS", ()) if not _absent(each)]
    return list(dict.fromkeys(found))


def _absent(route):
    return route.target.partition(":")[0] in _ABSENT


def of_operations():
    """The routes and actions that begin operations, taken from the scenarios."""
    found = {"compute POST /servers", "compute DELETE /servers/{id}", "compute action forceDelete",
             "compute POST /servers/{server_id}/os-interface", "compute DELETE /servers/{server_id}/os-interface/{id}",
             "compute action removeFixedIp"}
    for each in scenarios().values():
        for name in each.operations:
            found |= {f"compute action {key}" for key in getattr(asker(name), "keys", ())}
    return found


# ---- checking

def violations(world, before, status, whole):
    """What is wrong with the effect of a change: it must be whole or absent.

    :param before: the database before it.  :param whole: and after a calm run, which ended with ``status``.
    """
    if status >= 300:
        return [f"it is refused even in calm: {status}"]
    after = world.dump()
    answered = world.answer is not None and world.answer.status_int < 300
    if after == whole or (after == before and not answered):
        return []
    outcome = "answered with success and" if answered else "not answered and"
    return [f"{outcome} neither whole nor absent:\n{_difference('before', before, after)}\n"
            f"{_difference('whole', whole, after)}"]


def _difference(word, wanted, has):
    lines = [f"against {word}:"]
    for table in sorted({*wanted, *has}):
        lost, new = set(wanted.get(table, ())) - set(has.get(table, ())), set(has.get(table, ())) - set(
            wanted.get(table, ()))
        lines += [f"  {table} - {row[:300]}" for row in sorted(lost)] + [
            f"  {table} + {row[:300]}" for row in sorted(new)]
    return "\n".join(lines)
