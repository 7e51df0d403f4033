"""Every change a user or operator can ask for that is no operation: its effect is whole or absent, and whole when the
answer said so.

``CHANGES`` names each mutating route once.  What "whole" is nobody writes down: a calm run shows it, as the database
after it, and a run with a fault must end with that database or with the one from before.
"""

import dataclasses
import functools
import importlib

from tests.faults.scenarios import Scenario, asker, scenarios

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


def _c(path, body=None, user="admin", headers=None):
    return Change(path, body, user, headers)


#: "service METHOD route" (an action: "service action NAME") -> how to ask for it.  ONE LINE EACH.
CHANGES = {
    "compute PUT /servers/{id}": _c("/servers/{server}", {"server": {"name": "renamed"}}, "demo"),
    "compute POST /servers/{server_id}/metadata": _c("/servers/{server}/metadata", {"metadata": {"a": "b"}}, "demo"),
    "compute PUT /servers/{server_id}/metadata": _c("/servers/{server}/metadata", {"metadata": {"c": "d"}}, "demo"),
    "compute PUT /servers/{server_id}/metadata/{id}": _c("/servers/{server}/metadata/k", {"meta": {"k": "w"}}, "demo"),
    "compute DELETE /servers/{server_id}/metadata/{id}": _c("/servers/{server}/metadata/k", None, "demo"),
    "compute PUT /servers/{server_id}/tags": _c("/servers/{server}/tags", {"tags": ["x", "y"]}, "demo"),
    "compute DELETE /servers/{server_id}/tags": _c("/servers/{server}/tags", None, "demo"),
    "compute PUT /servers/{server_id}/tags/{id}": _c("/servers/{server}/tags/z", None, "demo"),
    "compute DELETE /servers/{server_id}/tags/{id}": _c("/servers/{server}/tags/t", None, "demo"),
    "compute action lock": _c("/servers/{server}/action", {"lock": None}, "demo"),
    "compute action unlock": _c("/servers/{server}/action", {"unlock": None}, "demo"),
    "compute POST /flavors": _c("/flavors", {"flavor": {"name": "new", "ram": 64, "vcpus": 1, "disk": 1, "id": "new"}}),
    "compute PUT /flavors/{id}": _c("/flavors/spare", {"flavor": {"description": "changed"}}),
    "compute DELETE /flavors/{id}": _c("/flavors/spare"),
    "compute POST /flavors/{flavor_id}/os-extra_specs": _c("/flavors/spare/os-extra_specs", {"extra_specs": {
        "hw:cpu_policy": "shared"}}),
    "compute PUT /flavors/{flavor_id}/os-extra_specs/{id}": _c("/flavors/spare/os-extra_specs/{spec}", {
        "quota:vif_inbound_average": "2"}),
    "compute DELETE /flavors/{flavor_id}/os-extra_specs/{id}": _c("/flavors/spare/os-extra_specs/{spec}"),
    "compute action addTenantAccess": _c("/flavors/private/action", {"addTenantAccess": {"tenant": "{demo_project}"}}),
    "compute action removeTenantAccess": _c("/flavors/private/action", {"removeTenantAccess": {
        "tenant": "{admin_project}"}}),
    "compute POST /os-keypairs": _c("/os-keypairs", {"keypair": {"name": "new", "type": "ssh", "public_key": _KEY}},
                                    "demo"),
    "compute DELETE /os-keypairs/{id}": _c("/os-keypairs/kp", None, "demo"),
    "compute PUT /os-quota-sets/{id}": _c("/os-quota-sets/{demo_project}", {"quota_set": {"cores": 40, "ram": 9000}}),
    "compute DELETE /os-quota-sets/{id}": _c("/os-quota-sets/{admin_project}"),
    "compute PUT /os-services/{id}": _c("/os-services/{host_service}", {"status": "disabled", "disabled_reason": "x"}),
    "compute DELETE /os-services/{id}": _c("/os-services/{service}"),
    "compute POST /os-server-groups": _c("/os-server-groups", {"server_group": {"name": "g", "policy": "affinity"}},
                                         "demo"),
    "compute DELETE /os-server-groups/{id}": _c("/os-server-groups/{server_group}", None, "demo"),
    "compute POST /os-aggregates": _c("/os-aggregates", {"aggregate": {"name": "new"}}),
    "compute PUT /os-aggregates/{id}": _c("/os-aggregates/{aggregate}", {"aggregate": {"name": "other"}}),
    "compute DELETE /os-aggregates/{id}": _c("/os-aggregates/{empty_aggregate}"),
    "compute action add_host": _c("/os-aggregates/{aggregate}/action", {"add_host": {"host": "h2"}}),
    "compute action remove_host": _c("/os-aggregates/{aggregate}/action", {"remove_host": {"host": "h1"}}),
    "compute action set_metadata": _c("/os-aggregates/{aggregate}/action", {"set_metadata": {"metadata": {"a": "b"}}}),
    "compute PUT /os-quota-class-sets/{id}": _c("/os-quota-class-sets/default", {"quota_class_set": {"cores": 44}}),
    "compute action os-resetState": _c("/servers/{server}/action", {"os-resetState": {"state": "error"}}),
    "compute action migrate": _c("/servers/{server}/action", {"migrate": None}),
    "compute action os-migrateLive": _c("/servers/{server}/action", {"os-migrateLive": {
        "host": None, "block_migration": "auto"}}),
    "compute action addSecurityGroup": _c("/servers/{server}/action", {"addSecurityGroup": {
        "name": "{group}"}}, "demo"),
    "compute action removeSecurityGroup": _c("/servers/{server}/action", {"removeSecurityGroup": {
        "name": "default"}}, "demo"),
    "compute POST /servers/{server_id}/remote-consoles": _c("/servers/{server}/remote-consoles", {
        "remote_console": {"protocol": "vnc", "type": "novnc"}}, "demo"),
    # the older words for other services' images and groups
    "compute DELETE /images/{id}": _c("/images/{full_image}", None, "demo", _OLD),
    "compute POST /images/{image_id}/metadata": _c("/images/{full_image}/metadata", {"metadata": {"a": "b"}}, "demo",
                                                   _OLD),
    "compute PUT /images/{image_id}/metadata": _c("/images/{full_image}/metadata", {"metadata": {"c": "d"}}, "demo",
                                                  _OLD),
    "compute PUT /images/{image_id}/metadata/{id}": _c("/images/{full_image}/metadata/k", {"meta": {"k": "w"}}, "demo",
                                                       _OLD),
    "compute DELETE /images/{image_id}/metadata/{id}": _c("/images/{full_image}/metadata/k", None, "demo", _OLD),
    "compute POST /os-security-groups": _c("/os-security-groups", {"security_group": {
        "name": "new", "description": "d"}}, "demo", _OLD),
    "compute PUT /os-security-groups/{id}": _c("/os-security-groups/{group}", {"security_group": {
        "name": "other", "description": "d"}}, "demo", _OLD),
    "compute DELETE /os-security-groups/{id}": _c("/os-security-groups/{group}", None, "demo", _OLD),
    "compute POST /os-security-group-rules": _c("/os-security-group-rules", {"security_group_rule": {
        "parent_group_id": "{group}", "ip_protocol": "udp", "from_port": 7, "to_port": 8, "cidr": "0.0.0.0/0"}}, "demo",
        _OLD),
    "compute DELETE /os-security-group-rules/{id}": _c("/os-security-group-rules/{rule}", None, "demo", _OLD),

    "image POST /images": _c("/images", _IMAGE, "demo"),
    "image PATCH /images/{id}": _c("/images/{full_image}", [{"op": "replace", "path": "/name", "value": "y"}], "demo",
                                   _PATCH),
    "image DELETE /images/{id}": _c("/images/{full_image}", None, "demo"),
    "image PUT /images/{id}/tags/{tag}": _c("/images/{full_image}/tags/new", None, "demo"),
    "image DELETE /images/{id}/tags/{tag}": _c("/images/{full_image}/tags/t", None, "demo"),
    "image POST /images/{id}/actions/deactivate": _c("/images/{full_image}/actions/deactivate"),
    "image POST /images/{id}/actions/reactivate": _c("/images/{off_image}/actions/reactivate"),
    "image PUT /images/{id}/file": _c("/images/{queued_image}/file", b"z" * 1000, "demo"),
    "image POST /images/{id}/members": _c("/images/{full_image}/members", {"member": "{admin_project}"}, "demo"),
    "image PUT /images/{id}/members/{member_id}": _c("/images/{off_image}/members/{admin_project}", {
        "status": "accepted"}),
    "image DELETE /images/{id}/members/{member_id}": _c("/images/{off_image}/members/{admin_project}", None, "demo"),

    "network POST /networks": _c("/networks", {"network": {"name": "new"}}, "demo"),
    "network PUT /networks/{id}": _c("/networks/{network}", {"network": {"name": "renamed"}}, "demo"),
    "network DELETE /networks/{id}": _c("/networks/{empty_network}", None, "demo"),
    "network POST /subnets": _c("/subnets", {"subnet": {"network_id": "{empty_network}", "ip_version": 4,
                                                        "cidr": "10.98.0.0/24"}}, "demo"),
    "network PUT /subnets/{id}": _c("/subnets/{subnet}", {"subnet": {"name": "renamed"}}, "demo"),
    "network DELETE /subnets/{id}": _c("/subnets/{subnet}", None, "demo"),
    "network POST /ports": _c("/ports", {"port": {"network_id": "{network}"}}, "demo"),
    "network PUT /ports/{id}": _c("/ports/{port}", {"port": {"name": "renamed"}}, "demo"),
    "network DELETE /ports/{id}": _c("/ports/{port}", None, "demo"),
    "network POST /security-groups": _c("/security-groups", {"security_group": {"name": "new"}}, "demo"),
    "network PUT /security-groups/{id}": _c("/security-groups/{group}", {"security_group": {"name": "other"}}, "demo"),
    "network DELETE /security-groups/{id}": _c("/security-groups/{group}", None, "demo"),
    "network POST /security-group-rules": _c("/security-group-rules", {"security_group_rule": {
        "security_group_id": "{group}", "direction": "ingress", "protocol": "udp"}}, "demo"),
    "network DELETE /security-group-rules/{id}": _c("/security-group-rules/{rule}", None, "demo"),

    "identity POST /auth/tokens": _c("/auth/tokens", {"auth": {"identity": {"methods": ["password"], "password": {
        "user": {"id": "{user}", "password": "first-1"}}}}}),
    "identity DELETE /auth/tokens": _c("/auth/tokens", headers={"X-Subject-Token": "{spare_token}"}),
    "identity POST /users": _c("/users", {"user": {"name": "new", "password": "abc-123"}}),
    "identity PATCH /users/{id}": _c("/users/{user}", {"user": {"enabled": False}}),
    "identity DELETE /users/{id}": _c("/users/{user}"),
    "identity POST /users/{id}/password": _c("/users/{user}/password", {"user": {
        "original_password": "first-1", "password": "second-2"}}),
    "identity POST /projects": _c("/projects", {"project": {"name": "new"}}),
    "identity PATCH /projects/{id}": _c("/projects/{project}", {"project": {"description": "changed"}}),
    "identity DELETE /projects/{id}": _c("/projects/{project}"),
    "identity POST /domains": _c("/domains", {"domain": {"name": "new"}}),
    "identity PATCH /domains/{id}": _c("/domains/{domain}", {"domain": {"description": "changed"}}),
    "identity DELETE /domains/{id}": _c("/domains/{domain}"),
    "identity POST /roles": _c("/roles", {"role": {"name": "new"}}),
    "identity PATCH /roles/{id}": _c("/roles/{role}", {"role": {"name": "other"}}),
    "identity DELETE /roles/{id}": _c("/roles/{role}"),
    "identity PUT /projects/{target_id}/users/{user_id}/roles/{role_id}": _c(
        "/projects/{project}/users/{user}/roles/{role}"),
    "identity DELETE /projects/{target_id}/users/{user_id}/roles/{role_id}": _c(
        "/projects/{demo_project}/users/{user}/roles/{role}"),
    "identity PUT /domains/{target_id}/users/{user_id}/roles/{role_id}": _c(
        "/domains/{domain}/users/{user}/roles/{role}"),
    "identity DELETE /domains/{target_id}/users/{user_id}/roles/{role_id}": _c(
        "/domains/default/users/{user}/roles/{role}"),
    "identity PUT /system/users/{user_id}/roles/{role_id}": _c("/system/users/{user}/roles/{role}"),
    "identity DELETE /system/users/{user_id}/roles/{role_id}": _c("/system/users/{admin_user}/roles/{role}"),
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
    facts.user = made("identity", "/users", {"user": {"name": "u", "password": "first-1"}}, "user", "id")
    facts.project = made("identity", "/projects", {"project": {"name": "p"}}, "project", "id")
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
    """The routes and actions that begin operations, told by the scenarios."""
    found = {"compute POST /servers", "compute DELETE /servers/{id}", "compute action forceDelete",
             "compute POST /servers/{server_id}/os-interface", "compute DELETE /servers/{server_id}/os-interface/{id}",
             "compute action removeFixedIp"}
    for each in scenarios().values():
        for name in each.operations:
            found |= {f"compute action {key}" for key in getattr(asker(name), "keys", ())}
    return found


# ---- judging

def judge(world, before, status, whole):
    """What is wrong with the effect of a change: it must be whole or absent.

    :param before: the database before it.  :param whole: and after a calm run, which ended with ``status``.
    """
    if status >= 300:
        return [f"it is refused even in calm: {status}"]
    after = world.dump()
    answered = world.answer is not None and world.answer.status_int < 300
    if after == whole or (after == before and not answered):
        return []
    told = "answered with success and" if answered else "not answered and"
    return [f"{told} neither whole nor absent:\n{_difference('before', before, after)}\n"
            f"{_difference('whole', whole, after)}"]


def _difference(word, wanted, has):
    lines = [f"against {word}:"]
    for table in sorted({*wanted, *has}):
        lost, new = set(wanted.get(table, ())) - set(has.get(table, ())), set(has.get(table, ())) - set(
            wanted.get(table, ()))
        lines += [f"  {table} - {row[:300]}" for row in sorted(lost)] + [
            f"  {table} + {row[:300]}" for row in sorted(new)]
    return "\n".join(lines)
