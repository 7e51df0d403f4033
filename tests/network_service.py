"""The network service in this process over a real database, and servers to give ports to."""

import json
import types
from unittest import mock

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite import db
from nova_lite.api.wsgi import app
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.compute.actions.interfaces import Interfaces
from nova_lite.db.base import new_id
from nova_lite.db.models.servers import Server
from nova_lite.network.api import API

USERS = {"alice": ("pa", ("member", "reader")), "bob": ("pb", ("member", "reader")), "carl": ("pa", ("reader",)),
         "erin": ("e" * 32, ("member", "reader")), "finn": ("f" * 32, ("member", "reader")),
         "admin": ("padmin", ("admin", "member", "reader")), "nova": ("n" * 32, ("service",)),
         "dora": (None, ("manager", "member", "reader"))}


def context(user="alice"):
    project, roles = USERS[user]
    return RequestContext(user, project, roles)


class Tokens:
    """The identity facade: a token is a user's name."""

    def authenticate_token(self, token, request_id=None):
        if token not in USERS:
            raise exceptions.Unauthorized
        return context(token)


class Service:
    def __init__(self):
        self.facade = API()
        self.hosts = mock.Mock()            # what they are asked to do
        compute = types.SimpleNamespace(interfaces=Interfaces(self.facade, self.hosts))
        self.app = app.build(types.SimpleNamespace(identity=Tokens(), network=self.facade, compute=compute),
                             services=("network",))

    def call(self, method, path, body=None, user="alice", **headers):
        """A webob Response; dicts and lists are sent as JSON, text as it is.  ``If_Match`` is a header."""
        req = Request.blank("/network/v2.0" + path, method=method)
        req.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        req.headers.update({"X-Auth-Token": user} if user else {})
        if body is not None:
            req.body = (body if isinstance(body, str) else json.dumps(body)).encode()
            req.content_type = "application/json"
        return req.get_response(self.app)

    def make(self, kind, user="alice", **body):
        """POST one resource; its view."""
        plural = f"{kind[:-1]}ies" if kind.endswith("policy") else f"{kind}s"
        answer = self.call("POST", f"/{plural.replace('_', '-')}", {kind: body}, user)
        assert answer.status_int == 201, answer.text
        return answer.json[kind]

    def find(self, path, user="alice"):
        answer = self.call("GET", path, user=user)
        assert answer.status_int == 200, answer.text
        return next(value for name, value in answer.json.items() if not name.endswith("_links"))

    def net(self, cidr="10.1.0.0/24", user="alice", **subnet):
        """(network, subnet), made."""
        network = self.make("network", user, name="net")
        return network, self.make("subnet", user, network_id=network["id"], cidr=cidr, ip_version=4, **subnet)

    # ---- servers

    def server(self, requested, groups=(), project="pa"):
        """The id of a server's row that wants ``requested`` (as validate gives it)."""
        server_id = new_id()
        with db.writer() as session:
            session.execute(sa.insert(Server.__table__).values(
                id=server_id, project_id=project, user_id="alice", display_name="s", hostname="s", flavor={},
                requested_networks=requested, requested_groups=list(groups)))
        return server_id

    def row(self, server_id):
        with db.reader() as session:
            return session.execute(sa.select(Server.__table__).where(Server.id == server_id)).one()

    def allocate(self, server_id, host="host1"):
        """The NICs given."""
        with db.writer() as session:
            session.execute(sa.update(Server.__table__).where(Server.id == server_id).values(host=host))
            row = session.execute(sa.select(Server.__table__).where(Server.id == server_id)).one()
            return self.facade.allocate(row)

    def release(self, server_id):
        with db.writer():
            self.facade.release(server_id)

    def end(self, server_id, **values):
        """The server stops being built: it is active on host1, or what ``values`` say."""
        with db.writer() as session:
            session.execute(sa.update(Server.__table__).where(Server.id == server_id).values(
                **{"vm_state": "active", "task_state": None, **values}))

    def works(self, *nics, host="host1", since=(10 ** 6, 10 ** 6)):
        """The host reports that ports work there, with revisions ``since``; None: that they do not."""
        return self.facade.desired_state.report_ports(host, {each.port_id: since and list(since) for each in nics})

    def boot(self, requested, groups=(), user="alice"):
        """(server id, NICs) of a request that is valid."""
        wanted = self.facade.validate(context(user), requested, 1, groups)
        server_id = self.server(wanted, groups, USERS[user][0])
        return server_id, self.allocate(server_id)


@pytest.fixture
def service(database):
    return Service()
