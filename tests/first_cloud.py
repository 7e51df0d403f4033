"""A database with servers in it as revision 0100 made it, written by that revision's own tables and nothing else.

It stays as it is when models change: every later revision is tested on it.
"""

import datetime

import sqlalchemy as sa

from nova_lite.db.migrations.first import METADATA

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
HOST = "old-host"
PROJECT, USER = "old-project", "old-user"
SMALL = {"flavorid": "1", "name": "small", "vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0, "swap_mb": 0,
         "rxtx_factor": 1.0, "is_public": True, "extra_specs": {}}
LARGE = {**SMALL, "flavorid": "2", "name": "large", "vcpus": 2, "memory_mb": 32}
#: {vm_state: id} of the servers; the one that is deleted among them.
SERVERS = {state: f"0000000{number}-0000-4000-8000-000000000000" for number, state in enumerate((
    "active", "stopped", "rescued", "resized", "shelved", "shelved_offloaded", "soft-delete", "error", "deleted"))}
NETWORK, SUBNET, GROUP, PORT, IMAGE = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abcde")
MAC, IP = "fa:16:3e:00:00:01", "10.1.0.5"
#: By the type of a column, what stands in one that may not be null and of which nothing is said.
_USUAL = ((sa.Boolean, False), (sa.DateTime, AT), (sa.JSON, {}), (sa.Double, 1.0), (sa.Integer, 0), (sa.String, ""))
_LISTS = ("injected_files", "local_disks", "tags", "requested_networks", "requested_groups", "addresses",
          "security_groups", "base_image_ids", "counted", "supported_instances", "dns_nameservers", "allocation_pools")


def build(engine):
    """Create the first schema in an empty database and fill it; Alembic knows that it is at revision 0100."""
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0100')"))
        _host(connection)
        _network(connection)
        for state, server_id in SERVERS.items():
            _server(connection, state, server_id)
        _interface(connection, SERVERS["active"])


def rows(connection):
    """{table: how many rows it has}, of the tables that have any."""
    found = {name: connection.scalar(sa.select(sa.func.count()).select_from(table))
             for name, table in METADATA.tables.items()}
    return {name: number for name, number in found.items() if number}


def _put(connection, table_name, /, **values):
    table = METADATA.tables[table_name]
    made = {column.name: _usual(column) for column in table.columns
            if not column.nullable and column.name not in values and not _is_counted(column)}
    connection.execute(sa.insert(table).values(made | values))


def _is_counted(column):
    return column.primary_key and isinstance(column.type, sa.Integer)


def _usual(column):
    if column.name in _LISTS:
        return []
    return next(value for kind, value in _USUAL if isinstance(column.type, kind))


def _host(connection):
    _put(connection, "services", uuid="s1", host=HOST, binary="nova-compute", topic="compute", last_seen_at=AT)
    _put(connection, "compute_nodes", uuid="n1", host=HOST, hypervisor_hostname=HOST, hypervisor_type="fake",
         host_ip="192.0.2.1", vcpus=8, memory_mb=4096, disk_gb=100, vcpus_used=8, memory_mb_used=7 * 64, disk_gb_used=7,
         cpu_allocation_ratio=16.0)
    for flavor in (SMALL, LARGE):
        _put(connection, "flavors", **flavor)
    _put(connection, "images", id=IMAGE, name="cirros", status="active", size=7)


def _network(connection):
    _put(connection, "networks", id=NETWORK, project_id=PROJECT, name="net", mtu=1500, revision=1)
    _put(connection, "subnets", id=SUBNET, project_id=PROJECT, network_id=NETWORK, ip_version=4, cidr="10.1.0.0/24",
         gateway_ip="10.1.0.1", enable_dhcp=True, revision=1)
    _put(connection, "security_groups", id=GROUP, project_id=PROJECT, name="default", revision=1)
    _put(connection, "default_security_groups", project_id=PROJECT, security_group_id=GROUP)


def _server(connection, state, server_id):
    """With what a server in that state holds and remembers, and how it was built."""
    flavor = LARGE if state == "resized" else SMALL
    counts = [0] * 5 if state in ("soft-delete", "deleted") else [1, flavor["vcpus"], flavor["memory_mb"], 0, 0]
    _put(connection, "servers", id=server_id, project_id=PROJECT, user_id=USER, display_name=state, hostname=state,
         vm_state=state, host=None if state in ("shelved_offloaded", "deleted") else HOST, flavor=flavor,
         image_id=IMAGE, counted=counts, created_at=AT, launched_at=AT, **_remembered(state))
    _put(connection, "quota_usages", project_id=PROJECT, user_id=USER, **dict(zip(
        ("instances", "cores", "ram", "more_cores", "more_ram"), counts, strict=True)))
    _put(connection, "operations", id=f"op-{state}", resource_type="server", resource_id=server_id, name="build_server",
         state="done", place=HOST, attempt=1, project_id=PROJECT, user_id=USER, request_id=f"req-{state}",
         finished_at=AT)
    if state not in ("shelved_offloaded", "deleted"):
        _hold(connection, server_id, "home", flavor["vcpus"], flavor["memory_mb"], 1)
    if state == "resized":
        _put(connection, "server_migrations", id=1, uuid="m1", server_id=server_id, project_id=PROJECT, user_id=USER,
             kind="resize", status="finished", operation_id="op-resize", source_host=HOST, dest_host=HOST,
             old_flavor=SMALL, new_flavor=LARGE, old_vm_state="active", moved_at=AT)
        _hold(connection, server_id, "move", 0, 32, 0)


def _remembered(state):
    """Columns that only a server in that state has."""
    shelved = {"shelved_image_id": IMAGE, "shelved_at": AT}
    return {"rescued": {"rescue_image_id": IMAGE}, "resized": {"migration_id": 1}, "shelved": shelved,
            "shelved_offloaded": shelved, "soft-delete": {"soft_deleted_at": AT},
            "error": {"fault": {"code": 500, "message": "broken", "details": None, "created": "2026-01-02T03:04:05Z"}},
            "deleted": {"deleted_at": AT, "terminated_at": AT}}.get(state, {})


def _hold(connection, server_id, purpose, vcpus, memory_mb, disk_gb):
    _put(connection, "allocations", server_id=server_id, host=HOST, purpose=purpose, vcpus=vcpus, memory_mb=memory_mb,
         disk_gb=disk_gb)


def _interface(connection, server_id):
    """A port of a server, as the network service and as compute keep it."""
    _put(connection, "ports", id=PORT, project_id=PROJECT, network_id=NETWORK, mac_address=MAC, server_id=server_id,
         nic_index=0, made_for_server=True, device_id=server_id, device_owner="compute:nova", revision=1)
    _put(connection, "port_bindings", port_id=PORT, host=HOST, state="ACTIVE", vif_type="bridge", vnic_type="normal")
    _put(connection, "fixed_ips", id=1, port_id=PORT, subnet_id=SUBNET, ip=IP)
    _put(connection, "port_security_groups", port_id=PORT, security_group_id=GROUP)
    address = {"ip": IP, "cidr": "10.1.0.0/24", "gateway": "10.1.0.1", "version": 4, "dns": [], "dhcp": True,
               "subnet_id": SUBNET, "host_access": False}
    _put(connection, "interfaces", server_id=server_id, nic_index=0, port_id=PORT, mac=MAC, owned=True, facts={
        "network_id": NETWORK, "network_name": "net", "mtu": 1500, "vif_type": "bridge", "vnic_type": "normal",
        "addresses": [address]})
    connection.execute(sa.update(METADATA.tables["servers"]).where(METADATA.tables["servers"].c.id == server_id).values(
        addresses=[{"network": "net", "mac": MAC, "addr": IP, "version": 4, "type": "fixed"}],
        security_groups=["default"]))
