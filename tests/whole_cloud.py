"""Every API in this process over one real database, with one of everything in it and nothing that answers on a host.

After a request that changed something ``restore`` puts the database back; ``changed`` tells whether one did.
"""

import json
import pathlib
import re
import sqlite3
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite import db
from nova_lite.api.compute import routes as compute
from nova_lite.api.identity import routes as identity
from nova_lite.api.image import routes as image
from nova_lite.api.network import routes as network
from nova_lite.api.wsgi import app
from nova_lite.cmd.doors import Doors
from nova_lite.common import context, policy, rpc
from nova_lite.conf import CONF
from nova_lite.db import aggregates, moves, operations, session
from nova_lite.db.base import now
from nova_lite.db.models import Base
from nova_lite.db.models.servers import ComputeNode, Flavor, Server, Service
from nova_lite.objects.states import OPERATIONS
from tests import schema_values
from tests.image_service import qcow2

TABLES = {"compute": compute, "identity": identity, "image": image, "network": network}
ROOTS = {"compute": "/compute/v2.1", "identity": "/identity/v3", "image": "/image/v2", "network": "/network/v2.0"}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQ7sfSKQtEaXwVAcdvJDzMaErkNQ8P2rpWdCuKcWcHa one@example"


_OPTIONS = (("password_hash_rounds", 4, "identity"), ("reserved_mb", 0, "image"),
            ("rpc_response_timeout", 0, None), ("attach_timeout", 0, "compute"))     # no host answers


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A Cloud for all tests of a module."""
    CONF([], project="nova_lite", default_config_files=[])
    policy.enforcer.cache_clear()
    rpc.register_opts()
    CONF.set_override("state_dir", str(tmp_path_factory.mktemp("whole")))
    for name, value, group in _OPTIONS:
        CONF.set_override(name, value, group)
    session.dispose()
    Base.metadata.create_all(session.engine())
    rpc.init("local://")
    made = Cloud(session.engine())
    yield made
    made.close()
    rpc.cleanup()
    session.dispose()
    CONF.reset()
    CONF.clear_override("state_dir")
    for name, _, group in _OPTIONS:
        CONF.clear_override(name, group)
    policy.enforcer.cache_clear()


#: A server rests in each; the first is what ``path`` names unless told otherwise.
STATES = ("active", "stopped", "paused", "suspended", "rescued", "error", "shelved_offloaded", "soft-delete")


class Refused(sa.exc.DataError):
    """What PostgreSQL or MariaDB would say to a value that SQLite keeps."""

    def __init__(self, reason):
        super().__init__(reason, None, None)


class Cloud:
    """``send`` asks; ``values`` and ``path`` know what is there."""

    def __init__(self, engine):
        self.engine = engine
        self.doors = Doors()
        self.doors.identity.bootstrap({"admin": "admin-pw", "demo": "demo-pw"})
        self.app = app.build(self.doors)
        self._tokens, self._projects = {}, {}
        for user in ("admin", "demo"):
            self._login(user)
        self.ids = {}
        self._furnish()
        self.values = schema_values.Values(self._known())
        self._file = engine.url.database
        self._watch = sqlite3.connect(self._file)
        self._template = sqlite3.connect(":memory:")
        self._watch.backup(self._template)
        self._files = {path: path.read_bytes() for path in pathlib.Path(CONF.state_dir, "images").rglob("*")
                       if path.is_file()}
        self._version = self._data_version()
        sa.event.listen(engine, "before_cursor_execute", _judge)

    def close(self):
        sa.event.remove(self.engine, "before_cursor_execute", _judge)
        self._watch.close()
        self._template.close()

    # ---- asking

    def send(self, method, url, body=None, *, user="admin", version=None):
        """A webob Response; ``body`` is bytes, or what is sent as JSON."""
        req = Request.blank("/", method=method)
        req.environ["PATH_INFO"], _, req.environ["QUERY_STRING"] = url.partition("?")
        req.headers["X-Auth-Token"] = self._tokens[user]
        if version:
            req.headers["OpenStack-API-Version"] = f"compute {version}"
        if body is not None:
            req.body = body if isinstance(body, bytes) else json.dumps(body).encode()
            patch = method == "PATCH" and url.startswith("/image")
            req.content_type = "application/openstack-images-v2.1-json-patch" if patch else "application/json"
        return req.get_response(self.app)

    def path(self, service, template, odd=None, server=None):
        """``template`` with what exists filled in; ``odd`` takes the place of the last id, ``server`` of a server's."""
        names = list(re.finditer(r"{(\w+)}", template))

        def value(found):
            if odd is not None and found.group() == names[-1].group() and found.start() == names[-1].start():
                return quote(odd, safe="", errors="surrogatepass")
            before = template[:found.start()].rstrip("/").rpartition("/")[2]
            if service == "compute" and before in ("servers", "os-volumes_boot") and server:
                return server
            return self.ids.get((service, before)) or self.ids.get(found.group(1)) or "none"

        filled = re.sub(r"{(\w+)}", value, template)
        return ROOTS[service] + _unquoted(filled)

    # ---- watching

    def changed(self):
        """Whether anything was committed since the last time."""
        before, self._version = self._version, self._data_version()
        return before != self._version

    def different(self):
        """The tables that are not as they were: {name: (rows before, rows now)}."""
        return {name: (was, rows) for name, was in self._rows(self._template).items()
                if (rows := self._rows(self._watch, name)[name]) != was}

    def restore(self):
        """Put back what was there."""
        for path, data in self._files.items():
            if not path.exists():
                path.write_bytes(data)
        self._template.backup(self._watch)
        self._watch.execute("PRAGMA journal_mode=WAL")
        self._version = self._data_version()

    def _data_version(self):
        return self._watch.execute("PRAGMA data_version").fetchone()[0]

    @staticmethod
    def _rows(connection, only=None):
        names = [only] if only else [name for name, in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}

    # ---- one of everything

    def _login(self, user):
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": user, "domain": {"id": "default"}, "password": f"{user}-pw"}}},
            "scope": {"project": {"name": user, "domain": {"id": "default"}}}}}
        req = Request.blank("/identity/v3/auth/tokens", method="POST", content_type="application/json",
                            body=json.dumps(body).encode())
        answer = req.get_response(self.app)
        assert answer.status_int == 201, answer.text
        self._tokens[user] = answer.headers["X-Subject-Token"]
        self._projects[user] = answer.json["token"]["project"]["id"]

    def _make(self, path, body, *, user="demo", version=None, method="POST"):
        answer = self.send(method, path, body, user=user, version=version)
        assert answer.status_int < 300, f"{path}: {answer.text}"
        return next(iter(answer.json.values())) if answer.body else None

    def _furnish(self):
        self._furnish_directory()
        self._furnish_network()
        self._furnish_image()
        self._furnish_hosts()
        self._furnish_servers()

    def _furnish_directory(self):
        made = {}
        for kind in ("domain", "project", "user", "role"):
            made[kind] = self._make(f"/identity/v3/{kind}s", {kind: {"name": f"a {kind}"}}, user="admin")["id"]
            self.ids["identity", f"{kind}s"] = self.ids[f"{kind}_id"] = made[kind]
        self.ids["target_id"] = made["project"]
        self.ids["identity", "regions"] = CONF.identity.region
        for kind in ("services", "endpoints"):
            self.ids["identity", kind] = self.send("GET", f"/identity/v3/{kind}").json[kind][0]["id"]

    def _furnish_network(self):
        root = ROOTS["network"]
        net = self._make(f"{root}/networks", {"network": {"name": "one"}})["id"]
        subnet = self._make(f"{root}/subnets", {"subnet": {"network_id": net, "cidr": "10.1.0.0/24",
                                                           "ip_version": 4}})["id"]
        port = self._make(f"{root}/ports", {"port": {"network_id": net}})["id"]
        group = self._make(f"{root}/security-groups", {"security_group": {"name": "one"}})["id"]
        for user in ("admin", "demo"):         # who first looks at a project's groups makes its default one
            self.send("GET", f"{root}/security-groups", user=user)
        rule = self._make(f"{root}/security-group-rules", {"security_group_rule": {
            "security_group_id": group, "direction": "ingress", "protocol": "tcp"}})["id"]
        for name, value in (("networks", net), ("subnets", subnet), ("ports", port), ("security-groups", group),
                            ("security-group-rules", rule), ("quotas", self._projects["demo"]),
                            ("extensions", "quotas")):
            self.ids["network", name] = value
        for name, value in (("os-networks", net), ("os-tenant-networks", net), ("os-security-groups", group),
                            ("os-security-group-rules", rule), ("os-interface", port)):
            self.ids["compute", name] = value

    def _furnish_image(self):
        root = ROOTS["image"]
        made = self.send("POST", f"{root}/images", {"name": "one", "disk_format": "qcow2", "container_format": "bare",
                                                    "visibility": "shared", "tags": ["one"], "key": "value"},
                         user="demo")
        image_id = self.ids["image", "images"] = self.ids["image_id"] = made.json["id"]
        req = Request.blank(f"{root}/images/{image_id}/file", method="PUT", body=qcow2(),
                            content_type="application/octet-stream", headers={"X-Auth-Token": self._tokens["demo"]})
        assert req.get_response(self.app).status_int == 204
        member = self._projects["admin"]
        self._make(f"{root}/images/{image_id}/members", {"member": member})
        self.ids["image", "members"] = self.ids["member_id"] = member
        self.ids["image", "tags"] = "one"

    def _furnish_hosts(self):
        with db.writer() as opened:
            opened.execute(sa.insert(Flavor).values(flavorid="42", name="m1.nano", vcpus=1, memory_mb=64, root_gb=1,
                                                     extra_specs={"hw:key": "value"}))
            opened.execute(sa.insert(Flavor).values(flavorid="43", name="hidden", vcpus=2, memory_mb=64, root_gb=1,
                                                    is_public=False))
            opened.execute(sa.insert(Flavor).values(flavorid="44", name="m1.more", vcpus=2, memory_mb=128, root_gb=2))
            for binary, topic in (("nova-compute", "compute"), ("nova-conductor", "conductor")):
                opened.execute(sa.insert(Service).values(host="host-1", binary=binary, topic=topic,
                                                          last_seen_at=now()))
            opened.execute(sa.insert(ComputeNode).values(
                host="host-1", hypervisor_hostname="host-1", hypervisor_type="fake", hypervisor_version=1000,
                host_ip="127.0.0.1", vcpus=8, memory_mb=8192, disk_gb=100, cpu_info={"arch": "x86_64"}))
            made = aggregates.create(opened, "one", {"key": "value"})
            aggregates.add_host(opened, made, "host-1")
        for path in ("hypervisors", "services"):
            answer = self.send("GET", f"{ROOTS['compute']}/os-{path}", user="admin", version="2.100")
            self.ids["compute", f"os-{path}"] = answer.json[path][0]["id"]
        self.ids["compute", "os-aggregates"] = "1"

    def _furnish_servers(self):
        root = ROOTS["compute"]
        group = self._make(f"{root}/os-server-groups", {"server_group": {"name": "one", "policies": ["affinity"]}})
        key = self._make(f"{root}/os-keypairs", {"keypair": {"name": "one", "public_key": PUBLIC_KEY}})
        self._make(f"{root}/os-quota-sets/{self._projects['demo']}", {"quota_set": {"instances": 50, "cores": 50}},
                   user="admin", method="PUT")
        self.servers = [self._server(key["name"], state) for state in STATES]
        server = self.servers[0]
        with db.writer() as opened:
            row = self.doors.compute.servers.get(context.admin("req-list"), server)
            moves.record(opened, context.admin(), row, kind="live-migration", status="running")
            operations.record(opened, context.admin(), OPERATIONS["stop"], server, row)
        request_id = self.send("GET", f"{root}/servers/{server}/os-instance-actions").json["instanceActions"][0]
        demo = self._projects["demo"]
        self.ids.update({
            "server_id": server, "flavor_id": "42", ("compute", "servers"): server, ("compute", "flavors"): "42",
            ("compute", "images"): self.ids["image_id"], ("compute", "os-server-groups"): group["id"],
            ("compute", "os-keypairs"): key["name"], ("compute", "os-instance-actions"): request_id["request_id"],
            ("compute", "os-quota-sets"): demo, ("compute", "os-simple-tenant-usage"): demo,
            ("compute", "os-quota-class-sets"): "default", ("compute", "metadata"): "key", ("compute", "tags"): "one",
            ("compute", "os-extra_specs"): "hw:key", ("compute", "migrations"): "1", ("compute", "os-hosts"): "host-1",
            ("compute", "extensions"): "servers", ("compute", "os-volumes_boot"): server,
            ("compute", "os-instance_usage_audit_log"): "2026-11-23%2010:00:00"})

    def _server(self, key, state):
        """The id of a server that rests in ``state``."""
        server = self._make(f"{ROOTS['compute']}/servers", {"server": {
            "name": "one", "flavorRef": "42", "imageRef": self.ids["image_id"], "key_name": key,
            "networks": [{"uuid": self.ids["network", "networks"]}], "metadata": {"key": "value"}, "tags": ["one"]}},
            version="2.94")["id"]
        values = {"vm_state": state, "task_state": None, "power_state": 1, "launched_at": now(), "host": "host-1"}
        if state == "shelved_offloaded":
            values["host"] = None
        with db.writer() as opened:
            opened.execute(sa.update(Server).where(Server.id == server).values(values))
        return server

    def _known(self):
        """{name of a property in a body or query: values that mean something there}"""
        find = self.ids.get
        net, port, group = (find(("network", name)) for name in ("networks", "ports", "security-groups"))
        projects = [self._projects["demo"], find("target_id")]
        server, user = find("server_id"), find("user_id")
        return {
            "imageRef": [find("image_id")], "rescue_image_ref": [find("image_id")], "flavorRef": ["42", "44"],
            "key_name": ["one"], "uuid": [net, server], "port": [port], "network_id": [net], "net_id": [net],
            "port_id": [port], "subnet_id": [find(("network", "subnets"))], "security_group_id": [group],
            "remote_group_id": [group], "parent_group_id": [group], "group_id": [group], "security_groups": [group],
            "project_id": projects, "tenant_id": projects, "tenant": projects, "user_id": [user],
            "default_project_id": projects, "domain_id": ["default", find("domain_id")], "parent_id": projects,
            "server_uuid": [server], "instance_uuid": [server], "marker": [server, net, "42", "one", "1"],
            "name": ["one", "a user", "m1.nano"], "host": ["host-1"], "group": [find(("compute", "os-server-groups"))],
            "same_host": [server], "different_host": [server], "member": projects, "fixed_ip": ["10.1.0.9"],
            "ip_address": ["10.1.0.9"], "limit": ["1", "0"],
            "cidr": ["10.2.0.0/24", "10.1.0.0/28"], "ip_version": [4], "availability_zone": ["nova"],
            "from_port": [22], "to_port": [22, 80], "ip_protocol": ["tcp"], "address": ["10.1.0.9"],
            "password": ["demo-pw"], "public_key": [PUBLIC_KEY], "gateway_ip": ["10.2.0.1", None], "key": ["value"]}


def _unquoted(text):
    """A path as WSGI has it: bytes as latin-1."""
    from urllib.parse import unquote_to_bytes
    return unquote_to_bytes(text).decode("latin-1")


def _judge(_connection, _cursor, statement, _parameters, execution, _many):
    """Refuse what the stricter databases refuse, so that SQLite speaks for them too."""
    compiled = execution.compiled if execution else None
    if compiled is None:
        return
    kept = compiled.statement.table.c if compiled.isinsert or compiled.isupdate else ()
    for values in execution.compiled_parameters:
        for name, bind in compiled.binds.items():
            _check(name, values.get(name), bind.type, name in kept)


def _check(name, value, kind, writes):
    for each in value if isinstance(value, list | tuple) and not isinstance(kind, sa.JSON) else [value]:
        text = json.dumps(each) if isinstance(kind, sa.JSON) else each
        if isinstance(text, str):
            if "\0" in text or "\\u0000" in text:
                raise Refused(f"a NUL in {name}")
            if not isinstance(kind, sa.JSON):
                text.encode()               # no half of a surrogate pair
            length = getattr(kind, "length", None)
            if writes and length and not isinstance(kind, sa.JSON | sa.Enum) and len(text) > length:
                raise Refused(f"{name} is longer than {length}")
        elif isinstance(each, int) and not isinstance(each, bool) and isinstance(kind, sa.Integer):
            bits = 63 if isinstance(kind, sa.BigInteger) else 31
            if not -2 ** bits <= each < 2 ** bits:
                raise Refused(f"{name} is out of range: {each}")
