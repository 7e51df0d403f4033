"""The scheduler over a real database: hosts and servers as they come, and where it puts them."""

import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import context
from nova_lite.db import new_servers, operations
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Step
from nova_lite.db.models.operators import Aggregate, AggregateHost, ServerGroup
from nova_lite.db.models.servers import Allocation, ComputeNode, Server, Service
from nova_lite.objects.states import OPERATIONS
from nova_lite.scheduler.manager import Endpoint

_AMOUNTS = ("vcpus", "memory_mb", "disk_gb")


class Placing:
    """``host`` and ``server`` make one each; ``place`` asks the scheduler as a conductor does."""

    def __init__(self):
        self.endpoint = Endpoint()

    def host(self, name, **values):
        """A host of 4 CPUs (ratio 1), 4096 MB and 40 GB that is alive.  :param values: columns of the node."""
        service = {each: values.pop(each) for each in ("disabled", "forced_down", "last_seen_at") if each in values}
        with db.writer() as session:
            session.execute(sa.insert(Service).values(**{
                "host": name, "binary": "nova-compute", "topic": "compute", "last_seen_at": now(), **service}))
            session.execute(sa.insert(ComputeNode).values(**{
                "host": name, "hypervisor_hostname": f"{name}.example.org", "hypervisor_type": "fake",
                "hypervisor_version": 1000, "host_ip": "127.0.0.1", "vcpus": 4, "memory_mb": 4096, "disk_gb": 40,
                "cpu_allocation_ratio": 1.0, "ram_allocation_ratio": 1.0, "disk_allocation_ratio": 1.0,
                "cpu_info": {"arch": "x86_64", "features": ["avx2"]},
                "supported_instances": [["x86_64", "fake", "hvm"]], **values}))
        return name

    def aggregate(self, metadata, *hosts):
        with db.writer() as session:
            [id] = session.execute(sa.insert(Aggregate).values(name=new_id(), metadata=metadata)).inserted_primary_key
            for each in hosts:
                session.execute(sa.insert(AggregateHost).values(aggregate_id=id, host=each))

    def group(self, policy, most=None):
        with db.writer() as session:
            id = new_id()
            session.execute(sa.insert(ServerGroup).values(
                id=id, project_id="pa", user_id="u", name="g", policy=policy, max_server_per_host=most))
            return id

    def server(self, *, vcpus=1, memory_mb=512, disk_gb=1, extra_specs=None, args=None, **columns):
        """(server's id, operation's id) of a server that waits for its host, its operation led by attempt 1."""
        flavor = {"flavorid": "f", "name": "f", "vcpus": vcpus, "memory_mb": memory_mb, "root_gb": disk_gb,
                  "ephemeral_gb": 0, "swap_mb": 0, "extra_specs": extra_specs or {}}
        with db.writer() as session:
            [row] = new_servers.insert(session, [{
                "id": new_id(), "project_id": "pa", "user_id": "u", "display_name": "x", "hostname": "x",
                "vm_state": "building", "task_state": "scheduling", "flavor": flavor, "image_properties": {},
                "scheduler_hints": {}, **columns}])
            operation_id = operations.record(session, context.admin(), OPERATIONS["build_server"], row.id, row, args)
            operations.lease(session, operation_id, operations.CONDUCTOR, "tests", 60)
        return row.id, operation_id

    def place(self, server):
        """The host of a server that ``server`` made.  :raises NoValidHost:"""
        return self.endpoint.select_destinations(context.admin(), server[1], 1)

    def put(self, **values):
        return self.place(self.server(**values))

    def decision(self, server):
        with db.reader() as session:
            return session.execute(sa.select(Step.decision).where(
                Step.operation_id == server[1]).order_by(Step.id)).scalars().first()

    def hosts_of(self, column, value):
        with db.reader() as session:
            return list(session.execute(sa.select(Server.host).where(getattr(Server, column) == value)).scalars())

    def books(self):
        """{host: (its row, what its allocations add up to)}"""
        with db.reader() as session:
            nodes = session.execute(sa.select(ComputeNode.__table__)).all()
            held = {row.host: row for row in session.execute(
                sa.select(Allocation.host, *(sa.func.sum(getattr(Allocation, each)).label(each) for each in _AMOUNTS))
                .group_by(Allocation.host))}
        return {node.host: (node, {each: int(getattr(held[node.host], each)) if node.host in held else 0
                                   for each in _AMOUNTS}) for node in nodes}
