"""Requests that show each service's API, and what a cloud with the fake driver answers them.

``python -m tests.examples`` asks them and writes ``doc/examples.json``, which the API reference shows; a test asks them
again and compares.
"""

import json
import pathlib
import re
import sys
import tempfile
import typing

from tests import clouds

FILE = pathlib.Path(__file__).parents[1] / "doc" / "examples.json"
ROOTS = {"identity": "/identity/v3", "compute": "/compute/v2.1", "image": "/image/v2", "network": "/network/v2.0"}
VERSION = "2.104"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILoYCvOL9h2CNpxLZ2dwLdmVMRtKmDgUPcqVPrHDEhkD demo@example"


class Ask(typing.NamedTuple):
    """One request.

    :ivar route: as the table of routes has it, "POST /servers"; of an action "POST /servers/{id}/action (os-stop)".
    :ivar path: what is asked; {name} stands for a value that an earlier answer gave.
    :ivar save: {name: path in the answer's body, "server.id"} for later requests.
    :ivar wait: status that the server has before the next request is sent; "gone" for none.
    """

    service: str
    route: str
    path: str
    body: object = None
    user: str = "demo"
    save: dict = {}
    wait: str = ""


def _act(action, argument=None, wait="ACTIVE", user="demo"):
    route = f"POST /servers/{{id}}/action ({action})"
    return Ask("compute", route, "/servers/{server}/action", {action: argument}, user, {}, wait)


def _compute(route, path=None, body=None, user="demo", wait="", **save):
    return Ask("compute", route, path or route.split(" ")[1], body, user, save, wait)


def _network(route, path=None, body=None, user="demo", **save):
    return Ask("network", route, path or route.split(" ")[1], body, user, save)


def _identity(route, path=None, body=None, user="admin", **save):
    return Ask("identity", route, path or route.split(" ")[1], body, user, save)


def _image(route, path=None, body=None, user="demo", **save):
    return Ask("image", route, path or route.split(" ")[1], body, user, save)


ASKS = (
    _identity("POST /auth/tokens", body={"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "demo", "domain": {"id": "default"}, "password": "{password}"}}},
        "scope": {"project": {"name": "demo", "domain": {"id": "default"}}}}}, user=None, project="token.project.id"),
    _identity("GET /auth/catalog", user="demo"),
    _identity("GET /auth/projects", user="demo"),
    _identity("POST /projects", body={"project": {
        "name": "research", "description": "A project", "domain_id": "default"}}, new_project="project.id"),
    _identity("GET /projects/{id}", "/projects/{new_project}"),
    _identity("PATCH /projects/{id}", "/projects/{new_project}", {"project": {"enabled": False}}),
    _identity("POST /users", body={"user": {"name": "ada", "domain_id": "default", "password": "correct horse",
                                            "email": "ada@example.org"}}, new_user="user.id"),
    _identity("GET /users", "/users?name=ada"),
    _identity("GET /users/{id}", "/users/{new_user}"),
    _identity("GET /roles", role="roles.0.id"),
    _identity("PUT /projects/{target_id}/users/{user_id}/roles/{role_id}",
              "/projects/{new_project}/users/{new_user}/roles/{role}"),
    _identity("GET /role_assignments", "/role_assignments?user.id={new_user}"),
    _identity("DELETE /users/{id}", "/users/{new_user}"),
    _identity("DELETE /projects/{id}", "/projects/{new_project}"),
    _identity("GET /domains"),
    _identity("GET /services"),
    _identity("GET /endpoints"),

    _image("GET /images", image="images.0.id"),
    _image("GET /images/{id}", "/images/{image}"),
    _image("POST /images", body={"name": "empty", "disk_format": "raw", "container_format": "bare", "min_ram": 64},
           new_image="id"),
    _image("DELETE /images/{id}", "/images/{new_image}"),

    _network("GET /networks", "/networks?name=private", net="networks.0.id"),
    _network("POST /networks", body={"network": {"name": "inner", "mtu": 1400}}, new_network="network.id"),
    _network("GET /networks/{id}", "/networks/{new_network}"),
    _network("POST /subnets", body={"subnet": {
        "network_id": "{new_network}", "ip_version": 4, "cidr": "192.168.50.0/24", "name": "inner",
        "dns_nameservers": ["9.9.9.9"]}}, subnet="subnet.id"),
    _network("GET /subnets/{id}", "/subnets/{subnet}"),
    _network("POST /address-scopes", body={"address_scope": {"name": "campus", "ip_version": 4}},
             scope="address_scope.id"),
    _network("POST /subnetpools", body={"subnetpool": {
        "name": "campus", "prefixes": ["10.64.0.0/16"], "default_prefixlen": 24, "address_scope_id": "{scope}"}},
             pool="subnetpool.id"),
    _network("PUT /subnetpools/{id}/add_prefixes", "/subnetpools/{pool}/add_prefixes", {"prefixes": ["10.65.0.0/16"]}),
    _network("PUT /subnetpools/{id}/remove_prefixes", "/subnetpools/{pool}/remove_prefixes",
             {"prefixes": ["10.65.0.0/16"]}),
    _network("GET /subnetpools", "/subnetpools?name=campus"),
    _network("DELETE /subnetpools/{id}", "/subnetpools/{pool}"),
    _network("DELETE /address-scopes/{id}", "/address-scopes/{scope}"),
    _network("POST /ports", body={"port": {"network_id": "{new_network}", "name": "first"}}, port="port.id"),
    _network("GET /ports", "/ports?network_id={new_network}"),
    _network("PUT /ports/{id}", "/ports/{port}", {"port": {"description": "not used yet"}}),
    _network("DELETE /ports/{id}", "/ports/{port}"),
    _network("POST /networks", body={"network": {"name": "public", "router:external": True}}, user="admin",
             public="network.id"),
    _network("POST /subnets", body={"subnet": {
        "network_id": "{public}", "ip_version": 4, "cidr": "172.24.4.0/24", "name": "public"}}, user="admin"),
    _network("POST /subnets", body={"subnet": {
        "network_id": "{new_network}", "ip_version": 4, "cidr": "192.168.51.0/24", "name": "routed"}},
             routed="subnet.id"),
    _network("POST /routers", body={"router": {"name": "edge", "external_gateway_info": {"network_id": "{public}"}}},
             router="router.id"),
    _network("PUT /routers/{id}/add_router_interface", "/routers/{router}/add_router_interface",
             {"subnet_id": "{routed}"}),
    _network("PUT /routers/{id}/add_extraroutes", "/routers/{router}/add_extraroutes", {"router": {"routes": [
        {"destination": "10.8.0.0/16", "nexthop": "192.168.51.8"}]}}),
    _network("GET /routers", "/routers?name=edge"),
    _network("PUT /routers/{id}", "/routers/{router}", {"router": {"routes": []}}),
    _network("POST /ports", body={"port": {"network_id": "{new_network}", "fixed_ips": [{"subnet_id": "{routed}"}]}},
             inner="port.id"),
    _network("GET /floatingip_pools"),
    _network("PUT /networks/{id}", "/networks/{public}", {"network": {"is_default": True}}, "admin"),
    _network("POST /subnetpools", body={"subnetpool": {
        "name": "projects", "prefixes": ["10.128.0.0/9"], "default_prefixlen": 26, "is_default": True}}, user="admin",
        projects="subnetpool.id"),
    _network("GET /auto-allocated-topology/{id}", "/auto-allocated-topology/None"),
    _network("DELETE /auto-allocated-topology/{id}", "/auto-allocated-topology/None"),
    _network("DELETE /subnetpools/{id}", "/subnetpools/{projects}", user="admin"),
    _network("GET /service-providers"),
    _network("POST /floatingips", body={"floatingip": {"floating_network_id": "{public}", "port_id": "{inner}"}},
             floating="floatingip.id"),
    _network("GET /floatingips", "/floatingips?port_id={inner}"),
    _network("PUT /floatingips/{id}", "/floatingips/{floating}", {"floatingip": {"port_id": None}}),
    _network("POST /floatingips/{floatingip_id}/port_forwardings", "/floatingips/{floating}/port_forwardings", {
        "port_forwarding": {"internal_port_id": "{inner}", "protocol": "tcp", "external_port_range": "8000:8009",
                            "internal_port_range": "80:89"}}, forwarding="port_forwarding.id"),
    _network("GET /floatingips/{id}", "/floatingips/{floating}"),
    _network("DELETE /floatingips/{floatingip_id}/port_forwardings/{id}",
             "/floatingips/{floating}/port_forwardings/{forwarding}"),
    _network("DELETE /floatingips/{id}", "/floatingips/{floating}"),
    _network("DELETE /ports/{id}", "/ports/{inner}"),
    _network("PUT /routers/{id}/remove_router_interface", "/routers/{router}/remove_router_interface",
             {"subnet_id": "{routed}"}),
    _network("DELETE /routers/{id}", "/routers/{router}"),
    _network("DELETE /networks/{id}", "/networks/{new_network}"),
    _network("POST /address-groups", body={"address_group": {"name": "offices", "addresses": ["192.0.2.0/24"]}},
             offices="address_group.id"),
    _network("PUT /address-groups/{id}/add_addresses", "/address-groups/{offices}/add_addresses",
             {"addresses": ["198.51.100.7/32"]}),
    _network("DELETE /address-groups/{id}", "/address-groups/{offices}"),
    _network("POST /qos/policies", body={"policy": {"name": "slow", "shared": True}}, user="admin", slow="policy.id"),
    _network("POST /qos/policies/{policy_id}/bandwidth_limit_rules", "/qos/policies/{slow}/bandwidth_limit_rules", {
        "bandwidth_limit_rule": {"max_kbps": 10000, "max_burst_kbps": 1000}}, "admin", limit="bandwidth_limit_rule.id"),
    _network("PUT /qos/alias_bandwidth_limit_rules/{id}", "/qos/alias_bandwidth_limit_rules/{limit}", {
        "alias_bandwidth_limit_rule": {"max_kbps": 20000}}, "admin"),
    _network("GET /qos/policies/{id}", "/qos/policies/{slow}"),
    _network("GET /qos/rule-types"),
    _network("DELETE /qos/policies/{id}", "/qos/policies/{slow}", user="admin"),
    _network("POST /ports", body={"port": {"network_id": "{net}", "name": "parent"}}, parent="port.id"),
    _network("POST /ports", body={"port": {"network_id": "{net}", "name": "inside"}}, inside="port.id"),
    _network("POST /trunks", body={"trunk": {"name": "many", "port_id": "{parent}"}}, trunk="trunk.id"),
    _network("PUT /trunks/{id}/add_subports", "/trunks/{trunk}/add_subports", {"sub_ports": [
        {"port_id": "{inside}", "segmentation_type": "vlan", "segmentation_id": 42}]}),
    _network("GET /ports/{id}", "/ports/{parent}"),
    _network("DELETE /trunks/{id}", "/trunks/{trunk}"),
    _network("DELETE /ports/{id}", "/ports/{parent}"),
    _network("DELETE /ports/{id}", "/ports/{inside}"),
    _network("GET /default-security-group-rules", "/default-security-group-rules?direction=egress"),
    _network("POST /security-groups", body={"security_group": {"name": "web"}}, group="security_group.id"),
    _network("POST /security-group-rules", body={"security_group_rule": {
        "security_group_id": "{group}", "direction": "ingress", "protocol": "tcp", "port_range_min": 443,
        "port_range_max": 443, "remote_ip_prefix": "0.0.0.0/0"}}),
    _network("POST /rbac-policies", body={"rbac_policy": {
        "object_type": "security_group", "object_id": "{group}", "action": "access_as_shared",
        "target_tenant": "{project}"}}, policy="rbac_policy.id"),
    _network("GET /rbac-policies", "/rbac-policies?object_type=security_group"),
    _network("DELETE /rbac-policies/{id}", "/rbac-policies/{policy}"),
    _network("DELETE /security-groups/{id}", "/security-groups/{group}"),
    _network("GET /quotas/{project_id}", "/quotas/{project}"),

    _compute("GET /flavors/detail"),
    _compute("GET /limits"),
    _compute("POST /os-keypairs", body={"keypair": {"name": "laptop", "type": "ssh", "public_key": PUBLIC_KEY}}),
    _compute("GET /os-keypairs"),
    _compute("POST /servers", body={"server": {
        "name": "hello", "flavorRef": "42", "imageRef": "{image}", "networks": [{"uuid": "{net}"}],
        "key_name": "laptop", "metadata": {"role": "web"}, "tags": ["blue"]}}, wait="ACTIVE", server="server.id"),
    _compute("GET /servers"),
    _compute("GET /servers/{id}", "/servers/{server}"),
    _compute("PUT /servers/{id}", "/servers/{server}", {"server": {"name": "hello-again"}}),
    _compute("GET /servers/{server_id}/os-interface", "/servers/{server}/os-interface"),
    _compute("POST /servers/{server_id}/os-interface", "/servers/{server}/os-interface",
             {"interfaceAttachment": {"net_id": "{net}"}}, second="interfaceAttachment.port_id"),
    _compute("DELETE /servers/{server_id}/os-interface/{id}", "/servers/{server}/os-interface/{second}", wait="ACTIVE"),
    _compute("GET /servers/{server_id}/metadata", "/servers/{server}/metadata"),
    _compute("PUT /servers/{server_id}/tags/{id}", "/servers/{server}/tags/green"),
    _compute("POST /servers/{server_id}/remote-consoles", "/servers/{server}/remote-consoles",
             {"remote_console": {"protocol": "vnc", "type": "novnc"}}),
    _act("os-getConsoleOutput", {"length": 5}),
    _act("os-stop", wait="SHUTOFF"),
    _act("os-start"),
    _act("reboot", {"type": "HARD"}),
    _act("pause", wait="PAUSED"),
    _act("unpause"),
    _act("createImage", {"name": "hello-snapshot", "metadata": {}}),
    _act("resize", {"flavorRef": "84"}, wait="VERIFY_RESIZE"),
    _act("confirmResize"),
    _act("rebuild", {"imageRef": "{image}"}),
    _act("lock", {"locked_reason": "do not touch"}),
    _act("unlock"),
    _compute("GET /servers/{server_id}/os-instance-actions", "/servers/{server}/os-instance-actions",
             request="instanceActions.0.request_id"),
    _compute("GET /servers/{server_id}/os-instance-actions/{id}", "/servers/{server}/os-instance-actions/{request}"),
    _compute("DELETE /servers/{id}", "/servers/{server}", wait="gone"),
    _compute("DELETE /os-keypairs/{id}", "/os-keypairs/laptop"),
    _compute("POST /os-server-groups", body={"server_group": {"name": "apart", "policy": "anti-affinity"}},
             server_group="server_group.id"),
    _compute("DELETE /os-server-groups/{id}", "/os-server-groups/{server_group}"),
    _compute("GET /os-availability-zone"),
    _compute("GET /os-services", user="admin"),
    _compute("GET /os-hypervisors/detail", user="admin"),
    _compute("GET /os-quota-sets/{id}", "/os-quota-sets/{project}", user="admin"),
    _compute("POST /os-aggregates", body={"aggregate": {"name": "fast", "availability_zone": None}}, user="admin",
             aggregate="aggregate.id"),
    _compute("DELETE /os-aggregates/{id}", "/os-aggregates/{aggregate}", user="admin"),
)


def record(cloud):
    """Ask ``ASKS`` in order.

    :returns: list of {service, route, path, body, status, answer}.
    """
    known = {"password": cloud.passwords()["demo"]}
    return [_asked(cloud, each, known) for each in ASKS]


def _asked(cloud, ask, known):
    path, body = _filled(ask.path, known), _filled(ask.body, known)
    method = ask.route.split(" ")[0]
    got = cloud.request(method, ROOTS[ask.service] + path, body, user=ask.user,
                        version=VERSION if ask.service == "compute" else None)
    assert got.status < 300, f"{method} {path}: {got.text}"
    for name, where in ask.save.items():
        known[name] = _value(got.body, where)
    if ask.wait == "gone":
        cloud.wait_gone(known["server"])
    elif ask.wait:
        cloud.wait_for(known["server"], ask.wait)
    return {"service": ask.service, "route": ask.route, "path": path, "body": body, "status": got.status,
            "answer": got.body}


def _filled(value, known):
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: str(known[found[1]]), value)
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    return value


def _value(body, where):
    for part in where.split("."):
        body = body[int(part) if part.isdigit() else part]
    return body


def shape(value):
    """What does not change from one cloud to the next: names and types, of lists those of the first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in sorted(value.items())}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return None if value is None else type(value).__name__


def plain(recorded):
    """With ids, moments and addresses of the cloud that answered replaced by ones that look alike and never change."""
    text, seen = json.dumps(recorded), {}

    def instead(found):
        made = seen.setdefault(found[0], len(seen) + 1)
        return f"{made:08x}-0000-4000-8000-{made:012x}" if "-" in found[0] else f"{made:032x}"

    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b", instead, text)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8774", text)
    text = re.sub(r"20\d\d-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d{6})?",
                  lambda found: f"2026-01-01{found[1]}12:00:00" + (".000000" if found[2] else ""), text)
    return json.loads(text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        cloud = clouds.Cloud(clouds.Single(), folder)
        try:
            made = plain(record(cloud.start()))
        finally:
            cloud.stop()
    for each in made:
        if each["route"] == "POST /auth/tokens":
            each["body"]["auth"]["identity"]["password"]["user"]["password"] = "secret"
    FILE.write_text(json.dumps(made, indent=1, sort_keys=False) + "\n")
    print(f"{len(made)} answers in {FILE}")


if __name__ == "__main__":
    sys.exit(main())
