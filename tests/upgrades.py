"""What an upgrade to this release must make of the first release's database, on every kind of database."""

import sqlalchemy as sa

from nova_lite import db
from nova_lite.conductor.auditor import Auditor
from nova_lite.db import interfaces, migrate, migrations, server_migrations, servers
from nova_lite.db.models import Base
from nova_lite.db.models.networks import PortSecurityGroup, SecurityGroup
from nova_lite.network.api import API as Network
from nova_lite.objects.desired_group import of_group
from nova_lite.objects.states import Vm
from tests import first_cloud, schemas

#: What hosts follow of the security groups that were there: see _check_groups.
_SCOPES = ("scopes", "scope_rows")


def check(engine):
    """Fill an empty database as the first release did, and upgrade it; in the end it is thrown away."""
    first_cloud.build(engine)
    with engine.connect() as connection:
        before = first_cloud.rows(connection)
    migrate.sync()
    assert migrate.version() == migrations.HEAD
    with engine.connect() as connection:
        after = first_cloud.rows(connection)
    assert {name: number for name, number in after.items() if name not in _SCOPES} == before
    _check_servers()
    _check_groups()
    assert Auditor(Network(), repair=False).examine_all() == []
    upgraded = schemas.described(engine)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    assert upgraded == schemas.described(engine)


def _check_servers():
    """They are what they were, and what they remember is where this release looks for it."""
    with db.reader() as session:
        found = {state: servers.get(session, server_id, deleted=True)
                 for state, server_id in first_cloud.SERVERS.items()}
        assert {state: row.vm_state for state, row in found.items()} == {each: each for each in found}
        assert found["active"].created_at == first_cloud.AT
        assert found["rescued"].rescue_image_id == first_cloud.IMAGE
        assert found["shelved_offloaded"].shelved_image_id == first_cloud.IMAGE
        migration = server_migrations.of_server(session, found["resized"])
        assert (migration.old_flavor, migration.old_vm_state) == (first_cloud.SMALL, Vm.ACTIVE)
        due = servers.resized(session, first_cloud.AT), servers.soft_deleted(session, first_cloud.AT)
        assert [[row.id for row in rows] for rows in due] == [
            [first_cloud.SERVERS["resized"]], [first_cloud.SERVERS["soft-delete"]]]
        [nic] = interfaces.nics(session, [first_cloud.SERVERS["active"]])[first_cloud.SERVERS["active"]]
        assert (nic.port_id, nic.addresses[0].ip) == (first_cloud.PORT, first_cloud.IP)


def _check_groups():
    """Who follows their scopes gets their rules and their members."""
    with db.reader() as session:
        groups = session.execute(sa.select(SecurityGroup.__table__)).all()
        members = session.execute(sa.select(PortSecurityGroup.__table__)).all()
    assert groups
    for change in Network().desired_state.changes(first_cloud.HOST, {of_group(row.id): 0 for row in groups}, {}):
        group, = change.groups
        assert (change.revision, change.whole, of_group(group.id)) == (1, True, change.scope)
        assert {each.port_id for each in change.members} == {
            row.port_id for row in members if row.security_group_id == group.id}
