"""Signs of life: what services and hosts report of themselves."""

import datetime
import time

import orjson
import sqlalchemy as sa

from nova_lite.common import clock
from nova_lite.conf import CONF
from nova_lite.db import errors, quota_usage
from nova_lite.db.base import now
from nova_lite.db.models.servers import ComputeNode, Server, Service
from nova_lite.objects import states
from nova_lite.objects.states import Power, Vm

_QUIET = {"synchronize_session": False}
_AUTO = "AUTO: "        # begins the reason of what a service disabled by itself, as in Nova


def seen(session, host, binary, topic):
    """A sign of life of one service; the first one makes its row."""
    alive = session.execute(sa.update(Service).where(Service.host == host, Service.binary == binary)
                            .values(last_seen_at=now()), execution_options=_QUIET).rowcount
    if not alive:
        session.add(Service(host=host, binary=binary, topic=topic, last_seen_at=now()))
        session.flush()


def stopped(session, host, binary):
    """A service said goodbye: it counts as down from now on."""
    session.execute(
        sa.update(Service).where(Service.host == host, Service.binary == binary)
        .values(last_seen_at=now() - datetime.timedelta(seconds=CONF.operations.service_down_time + 1)),
        execution_options=_QUIET)


def hypervisor_away(session, host, why):
    """Send nothing new to a host whose hypervisor does not answer; one that an operator disabled stays so."""
    session.execute(sa.update(Service).where(Service.host == host, Service.binary == "nova-compute",
                                             Service.disabled.is_(False))
                    .values(disabled=True, disabled_reason=f"{_AUTO}{why}"[:255]), execution_options=_QUIET)


def hypervisor_back(session, host):
    """Undo ``hypervisor_away``."""
    session.execute(sa.update(Service).where(Service.host == host, Service.binary == "nova-compute",
                                             Service.disabled_reason.startswith(_AUTO))
                    .values(disabled=False, disabled_reason=None), execution_options=_QUIET)


def answers(session):
    """Ask the database something, its clock where it has one; raises what is the matter."""
    question = errors.CLOCKS.get(session.get_bind().dialect.name)
    if question is None:
        session.execute(sa.select(1))
        return
    asked_at = time.monotonic()
    clock.read(session.execute(sa.text(question)).scalar(), asked_at)


def up(session):
    """The hosts whose compute service showed life within ``[operations] service_down_time``."""
    since = now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
    return set(session.execute(sa.select(Service.host).where(
        Service.binary == "nova-compute", Service.forced_down.is_(False), Service.last_seen_at >= since)).scalars())


def signs_of_hosts(session):
    """(host, last_seen_at, forced_down) of every compute service."""
    return session.execute(sa.select(Service.host, Service.last_seen_at, Service.forced_down)
                           .where(Service.binary == "nova-compute")).all()


def node_reported(session, facts, cpu_info):
    """Write what a host reports (objects.Host); what is given away of it is not touched."""
    values = {name: getattr(facts, name) for name in (
        "hypervisor_hostname", "hypervisor_type", "hypervisor_version", "host_ip", "vcpus", "memory_mb", "disk_gb",
        "free_disk_gb", "uptime")}
    reported = facts.obj_attr_is_set("supported_instances")     # not by hosts of an older release
    values |= {"supported_instances": orjson.loads(facts.supported_instances) if reported else []}
    values |= {"cpu_info": cpu_info, "updated_at": now(), "reserved_memory_mb": CONF.scheduler.reserved_host_memory_mb,
               "cpu_allocation_ratio": CONF.scheduler.cpu_allocation_ratio,
               "ram_allocation_ratio": CONF.scheduler.ram_allocation_ratio,
               "disk_allocation_ratio": CONF.scheduler.disk_allocation_ratio}
    known = session.execute(sa.update(ComputeNode).where(ComputeNode.host == facts.host).values(values),
                            execution_options=_QUIET).rowcount
    if not known:
        session.add(ComputeNode(host=facts.host, **values))
        session.flush()


def power_reported(session, host, guests, seen_at=None):
    """Take over what a host's hypervisor says of servers that nothing is being done to.

    :param guests: {server id: objects.states.Power}.
    :param seen_at: when the hypervisor was asked; what was written to a server since is newer, and stays.  None: now.
    """
    seen_at = seen_at or now()
    resting = session.execute(
        sa.select(Server.id, Server.vm_state, Server.power_state)
        .where(Server.host == host, Server.id.in_(guests), *_rests(seen_at)).order_by(Server.id)).all()
    for server in resting:
        power = guests[server.id]
        vm_state = states.seen(server.vm_state, power)
        if (vm_state, power) == (server.vm_state, server.power_state):
            continue
        session.execute(sa.update(Server).where(Server.id == server.id, Server.vm_state == server.vm_state,
                                                *_rests(seen_at))
                        .values(vm_state=vm_state, power_state=power, updated_at=now()), execution_options=_QUIET)


def _rests(since):
    """Conditions on servers to which nothing was done since then."""
    return (Server.deleted_at.is_(None), Server.task_state.is_(None), Server.vm_state != Vm.BUILDING,
            sa.or_(Server.updated_at.is_(None), Server.updated_at <= since))


def gone(session, server_id):
    """Mark a server deleted: from now on it is 404, and its quota is free."""
    session.execute(sa.update(Server).where(Server.id == server_id).values(
        vm_state=Vm.DELETED, task_state=None, deleted_at=now(), terminated_at=now(), power_state=Power.NOSTATE),
        execution_options=_QUIET)
    quota_usage.count(session, server_id)
