"""A stopped cloud of the driver fake gets many servers at once: copies of one that it built itself."""

import os
import uuid

import sqlalchemy as sa

from nova_lite.db import quota_usage
from nova_lite.db.models.desired_state import Scope, ScopeRow
from nova_lite.db.models.networks import FixedIp, Port, PortBinding, PortSecurityGroup
from nova_lite.db.models.servers import Allocation, ComputeNode, Interface, QuotaUsage, Server

_SERVERS, _INTERFACES, _ALLOCATIONS, _NODES, _USAGES = (
    each.__table__ for each in (Server, Interface, Allocation, ComputeNode, QuotaUsage))
_PORTS, _BINDINGS, _IPS, _MEMBERS = (each.__table__ for each in (Port, PortBinding, FixedIp, PortSecurityGroup))
_SCOPES, _SCOPE_ROWS = Scope.__table__, ScopeRow.__table__
_PIECE = 1000       # rows of one INSERT


def copy_server(url, state_dir, count):
    """Give a cloud ``count`` more servers like the only one that it has; it must not run.

    :param url: of its database.  :param state_dir: of its host, where the fake driver keeps guests.
    """
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        [server] = connection.execute(sa.select(_SERVERS).where(_SERVERS.c.deleted_at.is_(None))).mappings()
        model = _Model(connection, server)
        made = {}
        for number in range(1, count + 1):
            for table, row in model.copy(number):
                made.setdefault(table, []).append(row)
        for table, rows in made.items():
            for start in range(0, len(rows), _PIECE):
                connection.execute(sa.insert(table), rows[start:start + _PIECE])
        _add_up(connection, server, count)
        connection.execute(sa.update(_SCOPES).values(revision=_SCOPES.c.revision + count).where(
            _SCOPES.c.scope.in_({each["scope"] for each in model.indexed})))
    engine.dispose()
    macs = {row["server_id"]: row["mac_address"] for row in made[_PORTS]}
    _copy_guest(os.path.join(state_dir, "fake"), server["id"], model.port["mac_address"], macs)


class _Model:
    """The rows of the server that is copied, which has one NIC with one address.

    :ivar port: of that NIC.  :ivar indexed: where the port stands in the desired state of hosts, each with the scope's
        revision; a copy is a revision of its own, as a server that is built.
    """

    def __init__(self, connection, server):
        def rows(table, column, value):
            return [dict(row) for row in connection.execute(sa.select(table).where(column == value)).mappings()]

        self._server = server
        [self.port] = rows(_PORTS, _PORTS.c.server_id, server["id"])
        [self._interface] = rows(_INTERFACES, _INTERFACES.c.server_id, server["id"])
        [self._address] = rows(_IPS, _IPS.c.port_id, self.port["id"])
        self._bindings = rows(_BINDINGS, _BINDINGS.c.port_id, self.port["id"])
        self._members = rows(_MEMBERS, _MEMBERS.c.port_id, self.port["id"])
        self._allocations = rows(_ALLOCATIONS, _ALLOCATIONS.c.server_id, server["id"])
        self.indexed = [{**each, "revision": connection.execute(sa.select(_SCOPES.c.revision).where(
            _SCOPES.c.scope == each["scope"])).scalar_one()}
            for each in rows(_SCOPE_ROWS, _SCOPE_ROWS.c.id, self.port["id"])]

    def copy(self, number):
        """(table, row) of everything that copy ``number`` consists of."""
        server_id, port_id = str(uuid.uuid4()), str(uuid.uuid4())
        mac = "fa:16:01:{:02x}:{:02x}:{:02x}".format(*number.to_bytes(3, "big"))
        ip = "10.{}.{}.{}".format(*number.to_bytes(3, "big"))
        shown = [{**each, "mac": mac, "addr": ip} for each in self._server["addresses"]]
        [address] = self._interface["facts"]["addresses"]
        facts = {**self._interface["facts"], "addresses": [{**address, "ip": ip}]}
        yield _SERVERS, {**_without(self._server, "number"), "id": server_id, "addresses": shown}
        yield _PORTS, {**self.port, "id": port_id, "server_id": server_id, "device_id": server_id, "mac_address": mac}
        yield _INTERFACES, {**self._interface, "server_id": server_id, "port_id": port_id, "mac": mac, "facts": facts}
        yield _IPS, {**_without(self._address, "id"), "port_id": port_id, "ip": ip}
        for table, rows in ((_BINDINGS, self._bindings), (_MEMBERS, self._members)):
            for each in rows:
                yield table, {**each, "port_id": port_id}
        for each in self.indexed:
            yield _SCOPE_ROWS, {**each, "id": port_id, "revision": each["revision"] + number}
        for each in self._allocations:
            yield _ALLOCATIONS, {**each, "server_id": server_id}


def _without(row, name):
    return {key: value for key, value in row.items() if key != name}


def _add_up(connection, server, count):
    """What hosts have given away and what projects use of their quotas is kept as sums."""
    for amount in ("vcpus", "memory_mb", "disk_gb"):
        total = sa.select(sa.func.sum(_ALLOCATIONS.c[amount])).where(
            _ALLOCATIONS.c.host == _NODES.c.host).scalar_subquery()
        connection.execute(sa.update(_NODES).values({f"{amount}_used": total}))
    counted = dict(zip(quota_usage.AMOUNTS, server["counted"], strict=True))
    connection.execute(sa.insert(_USAGES), {"project_id": server["project_id"], "user_id": server["user_id"],
                                            **{name: amount * count for name, amount in counted.items()}})


def _copy_guest(folder, server_id, mac, macs):
    """:param macs: {server id: MAC of its NIC} of the copies."""
    with open(os.path.join(folder, server_id)) as file:
        guest = file.read()
    for each, own in macs.items():
        with open(os.path.join(folder, each), "w") as file:
            file.write(guest.replace(server_id, each).replace(mac, own))
