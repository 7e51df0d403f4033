"""Servers, what they were made from, and the hosts they run on."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText, new_id, now
from nova_lite.objects.states import Power, Vm


class Flavor(Base):
    """A size that servers come in.  ``flavorid`` is what the API calls its id."""

    __tablename__ = "flavors"
    id: Mapped[int] = mapped_column(primary_key=True)
    flavorid: Mapped[str] = mapped_column(sa.String(255), unique=True)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    vcpus: Mapped[int]
    memory_mb: Mapped[int]
    root_gb: Mapped[int]
    ephemeral_gb: Mapped[int] = mapped_column(default=0)
    swap_mb: Mapped[int] = mapped_column(default=0)
    rxtx_factor: Mapped[float] = mapped_column(default=1.0)
    is_public: Mapped[bool] = mapped_column(default=True)
    description: Mapped[str | None] = mapped_column(LongText)
    extra_specs: Mapped[dict] = mapped_column(default=dict)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(onupdate=now)


class FlavorAccess(Base):
    """A project that may use a private flavor."""

    __tablename__ = "flavor_access"
    flavor_id: Mapped[int] = mapped_column(sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)


class Keypair(Base):
    """A user's public key; the private half is never kept."""

    __tablename__ = "keypairs"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(255))
    type: Mapped[str] = mapped_column(sa.String(16), default="ssh")
    fingerprint: Mapped[str] = mapped_column(sa.String(255))
    public_key: Mapped[str] = mapped_column(LongText)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)


class Server(Base):
    """One virtual machine, from the request that asked for it until its purge.

    What lists show is on the row itself (flavor, addresses, fault), kept in the transaction that changes it, so that a
    list of a thousand servers is one statement.
    """

    __tablename__ = "servers"
    number: Mapped[int] = mapped_column(primary_key=True)             # makes instance_name
    id: Mapped[str] = mapped_column(sa.String(36), unique=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[str] = mapped_column(sa.String(64))
    display_name: Mapped[str] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    hostname: Mapped[str] = mapped_column(sa.String(255))
    vm_state: Mapped[str] = mapped_column(sa.String(32), default=Vm.BUILDING)
    task_state: Mapped[str | None] = mapped_column(sa.String(32))
    power_state: Mapped[int] = mapped_column(default=Power.NOSTATE)
    locked_by: Mapped[str | None] = mapped_column(sa.String(16))      # None, "owner" or "admin"
    locked_reason: Mapped[str | None] = mapped_column(sa.String(255))
    host: Mapped[str | None] = mapped_column(sa.String(255))          # None until placed
    availability_zone: Mapped[str | None] = mapped_column(sa.String(255))   # asked for; None: any
    group_id: Mapped[str | None] = mapped_column(sa.String(36), index=True)  # of its ServerGroup
    launch_index: Mapped[int] = mapped_column(default=0)
    reservation_id: Mapped[str | None] = mapped_column(sa.String(64))
    image_id: Mapped[str | None] = mapped_column(sa.String(36))
    image_properties: Mapped[dict] = mapped_column(default=dict)      # those that 2.98 shows
    flavor: Mapped[dict]                                              # columns of Flavor as they were
    key_name: Mapped[str | None] = mapped_column(sa.String(255))
    public_key: Mapped[str | None] = mapped_column(LongText)
    key_type: Mapped[str | None] = mapped_column(sa.String(16))
    user_data: Mapped[str | None] = mapped_column(LongText)           # base64
    injected_files: Mapped[list] = mapped_column(default=list)        # [{"path", "contents" in base64}]
    local_disks: Mapped[list] = mapped_column(default=list)           # asked for; see common/local_disks.py
    guest_password: Mapped[str | None] = mapped_column(LongText)      # as the guest posted it, sealed
    config_drive: Mapped[bool] = mapped_column(default=False)
    meta: Mapped[dict] = mapped_column("metadata", default=dict)
    tags: Mapped[list] = mapped_column(default=list)
    scheduler_hints: Mapped[dict] = mapped_column(default=dict)
    disk_config: Mapped[str] = mapped_column(sa.String(8), default="MANUAL")
    access_ipv4: Mapped[str | None] = mapped_column(sa.String(15))
    access_ipv6: Mapped[str | None] = mapped_column(sa.String(39))
    requested_networks: Mapped[list] = mapped_column(default=list)    # see network/api.py
    requested_groups: Mapped[list] = mapped_column(default=list)      # names or ids of security groups
    #: [{"network", "mac", "addr", "version", "type"}] in order, and the names of its security groups: kept by the
    #: network facade in the transaction that changes a port.
    addresses: Mapped[list] = mapped_column(default=list)
    security_groups: Mapped[list] = mapped_column(default=list)
    interfaces_version: Mapped[int] = mapped_column(default=0)        # how often these three were written
    fault: Mapped[dict | None]                                        # {"code", "message", "details", "created"}
    migration_id: Mapped[int | None]                                  # ServerMigration.id of the open one
    rescue_image_id: Mapped[str | None] = mapped_column(sa.String(36))      # while it is rescued: what it boots from
    soft_deleted_at: Mapped[datetime.datetime | None]                 # None unless it can be restored
    shelved_image_id: Mapped[str | None] = mapped_column(sa.String(36))     # what it was copied into to be shelved
    shelved_at: Mapped[datetime.datetime | None]                      # None unless it is shelved
    #: Besides image_id: the images that it was unshelved from, which its disk may lie on.
    base_image_ids: Mapped[list] = mapped_column(default=list)
    counted: Mapped[list] = mapped_column(default=list)               # what quotas count of it: db/quota_usage.py
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(onupdate=now)
    launched_at: Mapped[datetime.datetime | None]
    terminated_at: Mapped[datetime.datetime | None]
    deleted_at: Mapped[datetime.datetime | None]                      # None while it exists
    __table_args__ = (
        sa.Index("ix_servers_project_id_deleted_at_created_at", "project_id", "deleted_at", "created_at", "id"),
        sa.Index("ix_servers_deleted_at_created_at", "deleted_at", "created_at", "id"),
        sa.Index("ix_servers_host_deleted_at", "host", "deleted_at"),
    )


class Interface(Base):
    """One NIC of a server as compute keeps it: what its guest and its host need of a port, whoever has the port."""

    __tablename__ = "interfaces"
    server_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    nic_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)      # the guest's order
    port_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    mac: Mapped[str] = mapped_column(sa.String(17))
    tag: Mapped[str | None] = mapped_column(sa.String(80))
    owned: Mapped[bool]                                               # the port was made for the server: goes with it
    facts: Mapped[dict]                                               # the fields of objects.Nic that are not here


class Allocation(Base):
    """What one server holds of one host for one purpose; written and freed with the counters of ComputeNode."""

    __tablename__ = "allocations"
    server_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(255), primary_key=True, index=True)
    purpose: Mapped[str] = mapped_column(sa.String(16), primary_key=True)   # objects.allocation.Purpose
    vcpus: Mapped[int]
    memory_mb: Mapped[int]
    disk_gb: Mapped[int]


class ComputeNode(Base):
    """One hypervisor: what it has, what of it is given away."""

    __tablename__ = "compute_nodes"
    id: Mapped[int] = mapped_column(primary_key=True)                 # the id before microversion 2.53
    uuid: Mapped[str] = mapped_column(sa.String(36), unique=True, default=new_id)
    host: Mapped[str] = mapped_column(sa.String(255), unique=True)
    hypervisor_hostname: Mapped[str] = mapped_column(sa.String(255))
    hypervisor_type: Mapped[str] = mapped_column(sa.String(64))
    hypervisor_version: Mapped[int]
    host_ip: Mapped[str] = mapped_column(sa.String(39))
    vcpus: Mapped[int]
    memory_mb: Mapped[int]
    disk_gb: Mapped[int]
    free_disk_gb: Mapped[int] = mapped_column(default=0)
    vcpus_used: Mapped[int] = mapped_column(default=0)
    memory_mb_used: Mapped[int] = mapped_column(default=0)
    disk_gb_used: Mapped[int] = mapped_column(default=0)
    cpu_allocation_ratio: Mapped[float] = mapped_column(default=16.0)
    ram_allocation_ratio: Mapped[float] = mapped_column(default=1.5)
    disk_allocation_ratio: Mapped[float] = mapped_column(default=1.0)
    reserved_memory_mb: Mapped[int] = mapped_column(default=0)
    cpu_info: Mapped[dict] = mapped_column(default=dict)
    supported_instances: Mapped[list] = mapped_column(default=list)   # [[architecture, hypervisor type, mode]]
    failed_builds: Mapped[int] = mapped_column(default=0)             # since one went well there
    uptime: Mapped[str | None] = mapped_column(sa.String(255))
    availability_zone: Mapped[str | None] = mapped_column(sa.String(255))   # of its aggregates; None: the default one
    updated_at: Mapped[datetime.datetime | None] = mapped_column(default=now, onupdate=now)


class Service(Base):
    """One process of the cloud and its last sign of life."""

    __tablename__ = "services"
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(sa.String(36), unique=True, default=new_id)
    host: Mapped[str] = mapped_column(sa.String(255))
    binary: Mapped[str] = mapped_column(sa.String(255))               # "nova-compute", as Nova names them
    topic: Mapped[str] = mapped_column(sa.String(255))
    disabled: Mapped[bool] = mapped_column(default=False)
    disabled_reason: Mapped[str | None] = mapped_column(sa.String(255))
    forced_down: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime.datetime | None]
    __table_args__ = (sa.UniqueConstraint("host", "binary"),)


class Quota(Base):
    """A limit that differs from the configured default; -1 means none."""

    __tablename__ = "quotas"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    limit: Mapped[int]


class QuotaLock(Base):
    """One row a project, locked by whoever counts and uses quota, so that two at once cannot both see free quota."""

    __tablename__ = "quota_locks"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    taken: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class QuotaUsage(Base):
    """A change of what a user's servers in a project take of its quotas; their sum is what they use."""

    __tablename__ = "quota_usages"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    user_id: Mapped[str] = mapped_column(sa.String(64))
    instances: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    cores: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    ram: Mapped[int] = mapped_column(sa.BigInteger, default=0)        # MiB
    more_cores: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # beyond these, what resizes may need
    more_ram: Mapped[int] = mapped_column(sa.BigInteger, default=0)
