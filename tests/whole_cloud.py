"""Every API in this process over one real database, with one of everything in it and nothing that answers on a host.

After a request that changed something ``restore`` puts the database back; ``changed`` says whether one did.
"""

import json
import pathlib
import re
import sqlite3
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite.api.compute import routes as compute
from nova_lite.api.identity import routes as identity
from nova_lite.api.image import routes as image
from nova_lite.api.network import routes as network
from nova_lite.api.wsgi import app, microversion
from nova_lite.cmd.facades import Facades
from nova_lite.common import rpc
from nova_lite.conf import CONF
from nova_lite.db import session
from tests import fresh_database, schema_values
from tests.sample_resources import PUBLIC_KEY, ROOTS, SampleResources

TABLES = {"compute": compute, "identity": identity, "image": image, "network": network}
#: Routes that answered an odd value with an error of ours once: a run that asks a part of the routes asks these always.
ONCE_BROKEN = frozenset({
    "compute GET /servers", "compute GET /servers/detail", "compute POST /servers", "compute GET /images",
    "compute GET /images/detail", "compute GET /os-hypervisors/{id}/search", "compute POST /os-server-groups",
    "compute GET /os-instance_usage_audit_log/{id}", "compute PUT /os-quota-class-sets/{id}",
    "compute POST /servers/{server_id}/os-interface", "compute PUT /servers/{server_id}/tags/{id}",
    "compute POST /servers/{id}/action (createImage)", "image GET /images", "image POST /images",
    "network GET /ports", "network POST /ports", "network POST /networks/{id}/tags"})
_OPTIONS = (("password_hash_rounds", 4, "identity"), ("reserved_mb", 0, "image"),
            ("rpc_response_timeout", 0, None), ("attach_timeout", 0, "compute"),      # no host answers
            ("plane", "fake", "network"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A Cloud for all tests of a module."""
    CONF([], project="nova_lite", default_config_files=[])
    rpc.register_opts()
    CONF.set_override("state_dir", str(tmp_path_factory.mktemp("whole")))
    for name, value, group in _OPTIONS:
        CONF.set_override(name, value, group)
    rpc.init("local://")
    made = Cloud(fresh_database.place())
    yield made
    made.close()
    rpc.cleanup()
    session.dispose()
    CONF.reset()
    CONF.clear_override("state_dir")
    for name, _, group in _OPTIONS:
        CONF.clear_override(name, group)


class Refused(sa.exc.DataError):
    """What PostgreSQL or MariaDB would say to a value that SQLite keeps."""

    def __init__(self, reason):
        super().__init__(reason, None, None)


class Cloud:
    """``send`` asks; ``values`` and ``path`` know what is there."""

    def __init__(self, engine):
        self.engine = engine
        self.facades = Facades()
        self.facades.identity.bootstrap({"admin": "admin-pw", "demo": "demo-pw"})
        self.app = app.build(self.facades)
        self.tokens, self.projects = {}, {}
        for user in ("admin", "demo"):
            self._login(user)
        self.ids = {}
        self.sample_resources = SampleResources(self)
        self.sample_resources.first()
        self.values = schema_values.Values(self._known())
        self._file = engine.url.database
        self._watch = sqlite3.connect(self._file)
        self._template = sqlite3.connect(":memory:")
        self._watch.backup(self._template)
        self._files = {path: path.read_bytes() for path in pathlib.Path(CONF.state_dir, "images").rglob("*")
                       if path.is_file()}
        self._version = self._data_version()
        sa.event.listen(engine, "before_cursor_execute", _check_statement)

    def close(self):
        sa.event.remove(self.engine, "before_cursor_execute", _check_statement)
        self._watch.close()
        self._template.close()

    # ---- asking

    def send(self, method, url, body=None, *, user="admin", version=None):
        """A webob Response; ``body`` is bytes, or what is sent as JSON."""
        req = Request.blank("/", method=method)
        req.environ["PATH_INFO"], _, req.environ["QUERY_STRING"] = url.partition("?")
        req.headers["X-Auth-Token"] = self.tokens[user]
        if url.startswith("/identity") and method in ("GET", "HEAD"):
            req.headers["X-Subject-Token"] = self.tokens[user]
        if version:
            req.headers["OpenStack-API-Version"] = f"compute {version}"
        if body is not None:
            req.body = body if isinstance(body, bytes) else json.dumps(body).encode()
            patch = method == "PATCH" and url.startswith("/image")
            req.content_type = "application/openstack-images-v2.1-json-patch" if patch else "application/json"
        return req.get_response(self.app)

    def path(self, service, template, version=None, *, odd=None, server=None):
        """``template`` with what exists in ``version`` filled in.

        :param odd: takes the place of the last id, ``server`` that of a server's.
        """
        names = list(re.finditer(r"{(\w+)}", template))

        def value(found):
            if odd is not None and found.group() == names[-1].group() and found.start() == names[-1].start():
                return quote(odd, safe="", errors="surrogatepass")
            before = template[:found.start()].rstrip("/").rpartition("/")[2]
            if service == "compute" and before in ("servers", "os-volumes_boot") and server:
                return server
            if (service, template, found.group(1)) in self.ids:
                return self.ids[service, template, found.group(1)]
            if (service, template) in self.ids:
                return self.ids[service, template]
            if version and microversion.parse(version) < (2, 53) and (service, before, "2.52") in self.ids:
                return self.ids[service, before, "2.52"]
            return self.ids.get((service, before)) or self.ids.get(found.group(1)) or "none"

        filled = re.sub(r"{(\w+)}", value, template)
        return ROOTS[service] + _unquoted(filled)

    # ---- watching

    def changed(self):
        """Whether anything was committed since the last time."""
        before, self._version = self._version, self._data_version()
        return before != self._version

    def different(self):
        """The tables that are not as they were: {name: (rows before, rows now)}; but that a login failed is written."""
        return {name: (was, rows) for name, was in self._rows(self._template).items()
                if name != "identity_login_attempts" and (rows := self._rows(self._watch, name)[name]) != was}

    def restore(self):
        """Put back what was there."""
        for path, data in self._files.items():
            if not path.exists():
                path.write_bytes(data)
        self._template.backup(self._watch)
        self._watch.execute("PRAGMA journal_mode=WAL")
        self._version = self._data_version()

    def keep(self):
        """Let what is there now be what ``restore`` puts back."""
        self._watch.backup(self._template)
        self._version = self._data_version()

    def _data_version(self):
        return self._watch.execute("PRAGMA data_version").fetchone()[0]

    @staticmethod
    def _rows(connection, only=None):
        names = [only] if only else [name for name, in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}

    # ---- what is there

    def _login(self, user):
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": user, "domain": {"id": "default"}, "password": f"{user}-pw"}}},
            "scope": {"project": {"name": user, "domain": {"id": "default"}}}}}
        req = Request.blank("/identity/v3/auth/tokens", method="POST", content_type="application/json",
                            body=json.dumps(body).encode())
        answer = req.get_response(self.app)
        assert answer.status_int == 201, answer.text
        self.tokens[user] = answer.headers["X-Subject-Token"]
        self.projects[user] = answer.json["token"]["project"]["id"]

    def add_outsider(self):
        """A user who is a member of a project of his own; he belongs to what ``restore`` puts back."""
        project = self.make("/identity/v3/projects", {"project": {"name": "outsider"}}, user="admin")["id"]
        user = self.make("/identity/v3/users", {"user": {"name": "outsider", "password": "outsider-pw"}},
                         user="admin")["id"]
        [role] = self.send("GET", "/identity/v3/roles?name=member").json["roles"]
        self.make(f"/identity/v3/projects/{project}/users/{user}/roles/{role['id']}", None, user="admin", method="PUT")
        self._login("outsider")
        self.keep()

    def make(self, path, body, *, user="demo", version=None, method="POST"):
        answer = self.send(method, path, body, user=user, version=version)
        assert answer.status_int < 300, f"{path}: {answer.text}"
        return next(iter(answer.json.values())) if answer.body else None

    def _known(self):
        """{name of a property in a body or query: values that mean something there}"""
        find = self.ids.get
        net, port, group = (find(("network", name)) for name in ("networks", "ports", "security-groups"))
        projects = [self.projects["demo"], find("target_id")]
        server, user = find("server_id"), find("user_id")
        return {
            "imageRef": [find("image_id")], "rescue_image_ref": [find("image_id")], "flavorRef": ["42", "44"],
            "key_name": ["one"], "uuid": [net, server], "port": [port], "network_id": [net], "net_id": [net],
            "port_id": [port], "subnet_id": [find(("network", "subnets"))], "security_group_id": [group],
            "remote_group_id": [group], "parent_group_id": [group], "group_id": [group], "security_groups": [group],
            "project_id": projects, "tenant_id": projects, "tenant": projects, "user_id": [user],
            "default_project_id": projects, "domain_id": ["default", find("domain_id")], "parent_id": projects,
            "server_uuid": [server], "instance_uuid": [server], "marker": [server, net, "42", "one", "1"],
            "name": ["one", "a user 1", "m1.nano"], "host": ["host-1"],
            "group": [find(("compute", "os-server-groups"))],
            "same_host": [server], "different_host": [server], "member": projects, "fixed_ip": ["10.1.0.9"],
            "ip_address": ["10.1.0.9"], "limit": ["1", "0"],
            "cidr": ["10.2.0.0/24", "10.1.0.0/28"], "ip_version": [4], "availability_zone": ["nova"],
            "from_port": [22], "to_port": [22, 80], "ip_protocol": ["tcp"], "address": ["10.1.0.9"],
            "password": ["demo-pw"], "public_key": [PUBLIC_KEY], "gateway_ip": ["10.2.0.1", None], "key": ["value"]}


def _unquoted(text):
    """A path as WSGI has it: bytes as latin-1."""
    from urllib.parse import unquote_to_bytes
    return unquote_to_bytes(text).decode("latin-1")


def _check_statement(_connection, _cursor, statement, _parameters, execution, _many):
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
