"""The order in which transactions lock rows, and the locks that keep to it: nobody waits for another who waits for him.

A transaction takes what it writes in this order, from wherever it begins:

1. what operations claim, by type in the order of ``resources.RESOURCES``, then by id (``resources``), before anything
   that belongs to one: servers (``servers``);
2. their operations, several by their ids (``operations``), then the steps and subjects of these, then what other
   services change for them, then migrations;
3. the quota row of a project, then a server group;
4. address scopes, subnet pools, networks, their segments, QoS policies, subnets and security groups, trunks, then their
   RBAC policies and ports, the ports' bindings, addresses and memberships; images, from anywhere behind their server:
   who has locked one of them waits for nothing else;
5. an aggregate, then its hosts;
6. the auditor's part, its differences, its counters;
7. compute nodes, several by their names (``nodes``): everybody wants them, so they are held as short as can be;
8. services; then the cloud's own row; then the idempotency key that waits for the answer;
9. last of all, at the commit, the scopes of desired state by their names, each with its rows (``desired_state``).

Identity keeps to itself: a transaction that changes anything of it locks its revision first, so that such changes come
one by one, and touches nothing of the above; a login holds the revision shared and writes nothing.  Counts of failed
logins are written in a transaction of their own, by their keys, then the user.

A row that a transaction inserts is nobody else's yet, but what a foreign key of it names is locked as well (MariaDB:
for every writer of the parent; PostgreSQL: for who deletes it).  A row that was waited for stays locked on PostgreSQL
even where the statement then leaves it as it was.  Who writes many rows locks them first, in order: the order in which
one UPDATE comes by its rows is the planner's to choose.  SQLite has one writer at a time, and nothing to lock.
"""

import sqlalchemy as sa

from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import ComputeNode, Server
from nova_lite.db.resources import RESOURCES, in_order
from nova_lite.objects.states import SERVER

_SERVERS, _OPERATIONS, _NODES = Server.__table__, Operation.__table__, ComputeNode.__table__
_SERVER = sa.select(_SERVERS.c.id).where(_SERVERS.c.id == sa.bindparam("b_server")).with_for_update(key_share=True)
_NODE = sa.select(_NODES.c.id).where(_NODES.c.host == sa.bindparam("b_host")).with_for_update(key_share=True)
_OPERATION_IDS = sa.select(_OPERATIONS.c.id).where(
    _OPERATIONS.c.id.in_(sa.bindparam("b_ids", expanding=True))).order_by(_OPERATIONS.c.id)
_ALL = _OPERATION_IDS.with_for_update(key_share=True)
_FREE = _OPERATION_IDS.with_for_update(key_share=True, skip_locked=True)
_MANY = 500         # values of one IN


def server(session, server_id):
    """Lock a server's row; what is read of it from now on stays so until the transaction ends."""
    if are_needed(session):
        session.execute(_SERVER, {"b_server": server_id})


def servers(session, server_ids):
    """Lock several servers' rows, each by its id: MariaDB locks entries of the index by which it finds a row, and two
    who came to one row by two indexes could wait for each other.
    """
    for each in sorted(server_ids):
        server(session, each)


def resources(session, pairs):
    """Lock the rows of several resources.  :param pairs: (type, id); what this release does not know is left out."""
    if not are_needed(session):
        return
    for kind, each in in_order(pairs):
        if kind == SERVER:
            server(session, each)
        else:
            table = RESOURCES[kind].table
            session.execute(sa.select(table.c.id).where(table.c.id == each).with_for_update(key_share=True))


def operations(session, operation_ids, *, free=False):
    """Lock operations, without their servers; return the ids of those that are there, in order.

    :param free: only those that nobody else has locked.
    """
    ids = sorted(operation_ids)
    if not are_needed(session):
        return ids
    return [each for some in chunks(ids)
            for each in session.execute(_FREE if free else _ALL, {"b_ids": some}).scalars()]


def nodes(session, hosts):
    """Lock the compute nodes of several hosts."""
    if are_needed(session):
        for host in sorted(hosts):
            session.execute(_NODE, {"b_host": host})


def are_needed(session):
    """Whether others may write while this transaction does: not on SQLite."""
    return session.get_bind().dialect.name != "sqlite"


def chunks(values):
    """Lists of ids that one statement can hold."""
    return (values[start:start + _MANY] for start in range(0, len(values), _MANY))
