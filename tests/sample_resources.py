"""One of everything that the APIs show, and then more, for tests that want something to be there."""

import sqlalchemy as sa
from webob import Request

from nova_lite import db
from nova_lite.common import context
from nova_lite.conf import CONF
from nova_lite.db import aggregates, operations, server_migrations
from nova_lite.db.base import now
from nova_lite.db.models.servers import ComputeNode, Flavor, FlavorAccess, Server, Service
from nova_lite.objects.states import OPERATIONS
from tests.image_service import qcow2

ROOTS = {"compute": "/compute/v2.1", "identity": "/identity/v3", "image": "/image/v2", "network": "/network/v2.0"}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQ7sfSKQtEaXwVAcdvJDzMaErkNQ8P2rpWdCuKcWcHa one@example"
QOS_RULES = {"bandwidth_limit": {"max_kbps": 1000}, "dscp_marking": {"dscp_mark": 26},
             "minimum_bandwidth": {"min_kbps": 100}, "packet_rate_limit": {"max_kpps": 10},
             "minimum_packet_rate": {"min_kpps": 1}}
#: A server rests in each; the first is what paths name by default.
STATES = ("active", "stopped", "paused", "suspended", "rescued", "error", "shelved_offloaded", "soft-delete")


class SampleResources:
    """Fills a whole_cloud.Cloud: ``first`` makes one of everything, each ``more`` another, with one more inside it.

    The ids of the newest go to ``cloud.ids``.
    """

    def __init__(self, cloud):
        self._cloud = cloud
        self._number = 0
        self._made = {"domain": [], "project": [], "user": [], "role": []}

    def first(self):
        cloud = self._cloud
        cloud.ids.update({
            ("identity", "regions"): CONF.identity.region, ("network", "extensions"): "quotas",
            ("compute", "os-quota-class-sets"): "default", ("compute", "extensions"): "os-keypairs",
            ("compute", "os-instance_usage_audit_log"): "2026-11-23%2010:00:00"})
        for kind in ("services", "endpoints"):
            cloud.ids["identity", kind] = cloud.send("GET", f"/identity/v3/{kind}").json[kind][0]["id"]
        cloud.ids["identity", "tags"] = "one"
        demo = cloud.projects["demo"]
        for place in (("compute", "os-quota-sets"), ("compute", "os-simple-tenant-usage"), ("network", "quotas")):
            cloud.ids[place] = demo
        cloud.make(f"{ROOTS['compute']}/os-quota-sets/{demo}", {"quota_set": {"instances": 50, "cores": 50}},
                   user="admin", method="PUT")
        self.more()
        cloud.servers = [cloud.ids["server_id"], *(self._server(state) for state in STATES[1:])]

    def more(self):
        self._number += 1
        self._directory()
        self._networks()
        self._image()
        self._flavors()
        self._host()
        self._group()
        self._life(self._server(STATES[0]))

    def _directory(self):
        cloud = self._cloud
        for kind, made in self._made.items():
            tagged = {"tags": ["one", *map(str, range(self._number))]} if kind == "project" else {}
            made.append(cloud.make(f"/identity/v3/{kind}s", {kind: {"name": f"a {kind} {self._number}", **tagged}},
                                   user="admin")["id"])
            cloud.ids["identity", f"{kind}s"] = cloud.ids[f"{kind}_id"] = made[-1]
        cloud.ids["target_id"] = self._made["project"][-1]
        for kind in ("project", "domain"):
            for path in ("", "/{role_id}"):
                place = f"/{kind}s/{{target_id}}/users/{{user_id}}/roles{path}"
                cloud.ids["identity", place, "target_id"] = self._made[kind][-1]

    def grants(self):
        """Every role of the newest user on the newest project and domain and on the cloud; the newest role on all."""
        made, user = self._made, self._made["user"][-1]
        for kind in ("project", "domain"):
            for role in made["role"]:
                self._grant(f"{kind}s/{made[kind][-1]}", user, role)
            for target in made[kind]:
                self._grant(f"{kind}s/{target}", user, made["role"][-1])
        for role in made["role"]:
            self._grant("system", user, role)

    def _grant(self, on, user, role):
        self._cloud.make(f"/identity/v3/{on}/users/{user}/roles/{role}", None, user="admin", method="PUT")

    def _networks(self):
        cloud, root, number = self._cloud, ROOTS["network"], self._number
        net = cloud.make(f"{root}/networks", {"network": {"name": "one"}})["id"]
        subnet = cloud.make(f"{root}/subnets", {"subnet": {"network_id": net, "cidr": f"10.{number}.0.0/24",
                                                           "ip_version": 4}})["id"]
        port = cloud.make(f"{root}/ports", {"port": {"network_id": net}})["id"]
        group = cloud.make(f"{root}/security-groups", {"security_group": {"name": self._name()}})["id"]
        for user in ("admin", "demo"):         # who first looks at a project's groups makes its default one
            cloud.send("GET", f"{root}/security-groups", user=user)
        for port_number in range(number):
            rule = cloud.make(f"{root}/security-group-rules", {"security_group_rule": {
                "security_group_id": group, "direction": "ingress", "protocol": "tcp",
                "port_range_min": port_number + 1, "port_range_max": port_number + 1}})["id"]
        scope = cloud.make(f"{root}/address-scopes", {"address_scope": {"name": "one", "ip_version": 4}})["id"]
        pool = cloud.make(f"{root}/subnetpools", {"subnetpool": {"name": "one", "prefixes": ["10.128.0.0/9"]}})["id"]
        addresses = cloud.make(f"{root}/address-groups", {"address_group": {
            "name": "one", "addresses": ["10.2.0.0/16"]}})["id"]
        first = cloud.make(f"{root}/default-security-group-rules", {"default_security_group_rule": {
            "direction": "ingress", "protocol": "sctp", "port_range_min": number, "port_range_max": number}},
            user="admin")["id"]
        shared = cloud.make(f"{root}/rbac-policies", {"rbac_policy": {
            "object_type": "network", "object_id": net, "action": "access_as_shared", "target_tenant": "f" * 32}})["id"]
        router, floating = self._routers()
        self._qos()
        self._bindings(net)
        trunk = self._trunk(net)
        segment = cloud.make(f"{root}/segments", {"segment": {"network_id": net, "network_type": "local"}},
                             user="admin")["id"]
        cloud.make(f"{root}/segments/{segment}/tags", {"tags": ["one", *self._each("t")]}, user="admin", method="PUT")
        for name, value in (("networks", net), ("subnets", subnet), ("ports", port), ("security-groups", group),
                            ("security-group-rules", rule), ("rbac-policies", shared),
                            ("address-scopes", scope), ("subnetpools", pool), ("address-groups", addresses),
                            ("default-security-group-rules", first), ("network-ip-availabilities", net),
                            ("routers", router), ("floatingips", floating), ("trunks", trunk),
                            ("segments", segment)):
            cloud.ids["network", name] = value
            if name in ("networks", "subnets", "ports", "security-groups", "subnetpools", "routers", "floatingips",
                        "trunks"):
                cloud.make(f"{root}/{name}/{value}/tags", {"tags": ["one", *self._each("t")]}, method="PUT")
        cloud.ids["network", "tags"] = "one"
        cloud.make(f"{root}/quotas/{cloud.projects['demo']}", {"quota": {"network": 100}}, user="admin", method="PUT")
        cloud.make(f"{root}/quotas/project{number}", {"quota": {"network": number}}, user="admin", method="PUT")
        for name, value in (("os-networks", net), ("os-tenant-networks", net), ("os-security-groups", group),
                            ("os-security-group-rules", rule), ("os-floating-ips", floating)):
            cloud.ids["compute", name] = value

    def _trunk(self, network_id):
        """The id of a trunk with sub-ports."""
        cloud, root = self._cloud, ROOTS["network"]
        parent, *ports = [cloud.make(f"{root}/ports", {"port": {"network_id": network_id}})["id"]
                          for _ in range(self._number + 1)]
        return cloud.make(f"{root}/trunks", {"trunk": {"name": "one", "port_id": parent, "sub_ports": [
            {"port_id": each, "segmentation_type": "vlan", "segmentation_id": number + 1}
            for number, each in enumerate(ports)]}})["id"]

    def _bindings(self, network_id):
        """A port of a device with bindings on some hosts."""
        cloud, root = self._cloud, f"{ROOTS['network']}/ports"
        port = cloud.make(root, {"port": {"network_id": network_id, "device_owner": "compute:one"}})["id"]
        row = cloud.facades.network.ports.get(context.admin("req-bindings"), port)
        for host in ("one", *self._each("h")):
            cloud.facades.network.port_bindings.add(row, host, {})
        cloud.ids["network", "bindings"] = "one"
        for path in ("", "/{id}", "/{id}/activate"):
            cloud.ids["network", f"/ports/{{port_id}}/bindings{path}", "port_id"] = port

    def _qos(self):
        """A QoS policy with a rule of each type."""
        cloud, root = self._cloud, f"{ROOTS['network']}/qos/policies"
        demo = cloud.projects["demo"]
        policy = cloud.make(root, {"policy": {"name": "one", "project_id": demo}}, user="admin")["id"]
        cloud.make(f"{root}/{policy}/tags", {"tags": ["one", *self._each("t")]}, user="admin", method="PUT")
        cloud.ids["network", "policies"], cloud.ids["network", "rule-types"] = policy, "dscp_marking"
        for kind, value in QOS_RULES.items():
            rule = cloud.make(f"{root}/{policy}/{kind}_rules", {f"{kind}_rule": value}, user="admin")["id"]
            cloud.ids["network", f"{kind}_rules"] = cloud.ids["network", f"alias_{kind}_rules"] = rule

    def _routers(self):
        """The ids of a router with a gateway and an interface, and of a floating IP."""
        cloud, root, number = self._cloud, ROOTS["network"], self._number
        outer = cloud.make(f"{root}/networks", {"network": {"name": "outer", "router:external": True}},
                           user="admin")["id"]
        cloud.make(f"{root}/subnets", {"subnet": {"network_id": outer, "cidr": f"172.{15 + number}.0.0/24",
                                                  "ip_version": 4}}, user="admin")
        cloud.ids["network", "auto-allocated-topology"] = cloud.projects["demo"]
        if number == 1:
            cloud.make(f"{root}/networks/{outer}", {"network": {"is_default": True}}, user="admin", method="PUT")
            cloud.make(f"{root}/subnetpools", {"subnetpool": {
                "name": "default", "prefixes": ["10.200.0.0/16"], "is_default": True, "default_prefixlen": 26}},
                user="admin")
            cloud.send("GET", f"{root}/auto-allocated-topology/{cloud.projects['demo']}", user="demo")
        inner = cloud.make(f"{root}/networks", {"network": {"name": "inner"}})["id"]
        subnet = cloud.make(f"{root}/subnets", {"subnet": {
            "network_id": inner, "cidr": f"192.168.{number}.0/24", "ip_version": 4}})["id"]
        router = cloud.make(f"{root}/routers", {"router": {
            "name": "one", "external_gateway_info": {"network_id": outer}}})["id"]
        cloud.send("PUT", f"{root}/routers/{router}/add_router_interface", {"subnet_id": subnet}, user="demo")
        cloud.ids["network", "routed"] = subnet
        cloud.ids["network", "outer"] = outer
        port = cloud.make(f"{root}/ports", {"port": {"network_id": inner}})["id"]
        floating = cloud.make(f"{root}/floatingips", {"floatingip": {"floating_network_id": outer}})["id"]
        cloud.make(f"{root}/floatingips", {"floatingip": {"floating_network_id": outer, "port_id": port}})
        forwarded = cloud.make(f"{root}/floatingips", {"floatingip": {"floating_network_id": outer}})["id"]
        guest = cloud.make(f"{root}/ports", {"port": {"network_id": inner}})["id"]
        for each in range(number):
            forwarding = cloud.make(f"{root}/floatingips/{forwarded}/port_forwardings", {"port_forwarding": {
                "internal_port_id": guest, "protocol": "tcp", "external_port": each + 1, "internal_port": each + 1}})
        for place in ("", "/{id}"):
            cloud.ids["network", "/floatingips/{floatingip_id}/port_forwardings" + place, "floatingip_id"] = forwarded
        cloud.ids["network", "port_forwardings"], cloud.ids["network", "guest"] = forwarding["id"], guest
        return router, floating

    def _image(self):
        cloud, root = self._cloud, ROOTS["image"]
        made = cloud.send("POST", f"{root}/images", {
            "name": "one", "disk_format": "qcow2", "container_format": "bare", "visibility": "shared",
            "tags": ["one", *self._each("t")], **dict.fromkeys(["key", *self._each("key")], "value")}, user="demo")
        image_id = cloud.ids["image", "images"] = cloud.ids["image_id"] = cloud.ids["compute", "images"] = \
            made.json["id"]
        req = Request.blank(f"{root}/images/{image_id}/file", method="PUT", body=qcow2(),
                            content_type="application/octet-stream", headers={"X-Auth-Token": cloud.tokens["demo"]})
        assert req.get_response(cloud.app).status_int == 204
        for member in (cloud.projects["admin"], *self._each("member")):
            cloud.make(f"{root}/images/{image_id}/members", {"member": member})
        cloud.ids["image", "members"] = cloud.ids["member_id"] = cloud.projects["admin"]
        cloud.ids["image", "tags"] = "one"

    def _flavors(self):
        specs = dict.fromkeys(["hw:key", *self._each("hw:key")], "value")
        flavors = [("42", "m1.nano", True), ("43", "hidden", False), ("44", "m1.more", True)]
        if self._number > 1:
            flavors = [(f"f{self._number}", f"f{self._number}", True), (f"h{self._number}", f"h{self._number}", False)]
        with db.writer() as opened:
            for size, (flavor, name, public) in enumerate(flavors, 1):
                opened.execute(sa.insert(Flavor).values(flavorid=flavor, name=name, vcpus=size, memory_mb=64 * size,
                                                        root_gb=size, is_public=public, extra_specs=specs))
            hidden = opened.execute(sa.select(Flavor.id).where(Flavor.flavorid == flavors[1][0])).scalar_one()
            for project in ("pa", *self._each("p")):
                opened.execute(sa.insert(FlavorAccess).values(flavor_id=hidden, project_id=project))
        self._cloud.ids.update({"flavor_id": flavors[0][0], ("compute", "flavors"): flavors[0][0],
                                ("compute", "/flavors/{flavor_id}/os-flavor-access"): flavors[1][0],
                                ("compute", "os-extra_specs"): "hw:key"})

    def _host(self):
        cloud, host = self._cloud, f"host-{self._number}"
        with db.writer() as opened:
            for binary, topic in (("nova-compute", "compute"), ("nova-conductor", "conductor")):
                opened.execute(sa.insert(Service).values(host=host, binary=binary, topic=topic, last_seen_at=now()))
            opened.execute(sa.insert(ComputeNode).values(
                host=host, hypervisor_hostname=host, hypervisor_type="fake", hypervisor_version=1000,
                host_ip="127.0.0.1", vcpus=8, memory_mb=8192, disk_gb=100, cpu_info={"arch": "x86_64"}))
            made = aggregates.create(opened, self._name(), dict.fromkeys(["key", *self._each("key")], "value"))
            aggregates.add_host(opened, made, host)
            if self._number > 1:
                aggregates.add_host(opened, 1, host)
        for path in ("hypervisors", "services"):
            for version, place in (("2.100", ("compute", f"os-{path}")), ("2.52", ("compute", f"os-{path}", "2.52"))):
                answer = cloud.send("GET", f"{ROOTS['compute']}/os-{path}", user="admin", version=version)
                cloud.ids[place] = str(answer.json[path][0]["id"])
        agents = cloud.send("GET", f"{ROOTS['network']}/agents", user="admin").json["agents"]
        cloud.ids["network", "agents"] = agents[0]["id"]
        cloud.ids.update({("compute", "os-aggregates"): "1", ("compute", "os-hosts"): "host-1",
                          ("compute", "/os-hypervisors/{id}/search"): "host",
                          ("compute", "/os-hypervisors/{id}/servers"): "host"})

    def _group(self):
        cloud, root = self._cloud, ROOTS["compute"]
        group = cloud.make(f"{root}/os-server-groups", {"server_group": {
            "name": self._name(), "policies": ["anti-affinity"]}})
        name = self._name()
        for user in ("admin", "demo"):
            cloud.make(f"{root}/os-keypairs", {"keypair": {"name": name, "public_key": PUBLIC_KEY}}, user=user)
        cloud.ids.setdefault(("compute", "os-server-groups"), group["id"])
        cloud.ids["compute", "os-keypairs"] = "one"

    def _server(self, state):
        """The id of a server that rests in ``state``."""
        cloud, find = self._cloud, self._cloud.ids.get
        server = cloud.make(f"{ROOTS['compute']}/servers", {
            "server": {"name": "one", "flavorRef": "42", "imageRef": find("image_id"), "key_name": "one",
                       "networks": [{"uuid": find(("network", "networks"))}] * self._number,
                       "metadata": dict.fromkeys(["key", *self._each("key")], "value"),
                       "tags": ["one", *self._each("t")],
                       "security_groups": [{"name": self._name(each + 1)} for each in range(self._number)]},
            "os:scheduler_hints": {"group": find(("compute", "os-server-groups"))}}, version="2.94")["id"]
        values = {"vm_state": state, "task_state": None, "power_state": 1, "launched_at": now(), "host": "host-1"}
        if state == "shelved_offloaded":
            values["host"] = None
        with db.writer() as opened:
            opened.execute(sa.update(Server).where(Server.id == server).values(values))
            row = opened.execute(sa.select(Server.__table__).where(Server.id == server)).one()
            nics = cloud.facades.network.allocate(row)
        if state == STATES[0]:
            cloud.ids.update({("compute", "os-interface"): nics[0].port_id, ("compute", "ips"): "one"})
        return server

    def _life(self, server):
        """What was done to it, and where it was."""
        cloud = self._cloud
        with db.writer() as opened:
            row = cloud.facades.compute.servers.get(context.admin("req-list"), server)
            for _ in range(self._number):
                server_migrations.record(opened, context.admin(), row, kind="resize", status="finished")
                migration = server_migrations.record(opened, context.admin(), row, kind="live-migration",
                                                     status="running")
                operation = operations.record(opened, context.admin(), OPERATIONS["stop_server"], server, row)
                for step in ("one", "two"):
                    operations.journal(opened, operation, 0, step, host="host-1", seconds=15)
        done = cloud.send("GET", f"{ROOTS['compute']}/servers/{server}/os-instance-actions").json["instanceActions"]
        cloud.ids.update({"server_id": server, ("compute", "servers"): server, ("compute", "os-volumes_boot"): server,
                          ("compute", "os-instance-actions"): done[0]["request_id"],
                          ("compute", "migrations"): str(migration or 1), ("compute", "metadata"): "key",
                          ("compute", "tags"): "one"})

    def _name(self, number=None):
        number = number or self._number
        return "one" if number == 1 else f"one {number}"

    def _each(self, name):
        """One more name each time: none at first."""
        return [f"{name}{number}" for number in range(1, self._number)]
