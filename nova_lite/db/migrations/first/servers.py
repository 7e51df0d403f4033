"""The first schema: servers, flavors, hosts and quotas."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, LongText, Moment

sa.Table(
    "flavors", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("flavorid", sa.String(255), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("root_gb", sa.Integer, nullable=False),
    sa.Column("ephemeral_gb", sa.Integer, nullable=False),
    sa.Column("swap_mb", sa.Integer, nullable=False),
    sa.Column("rxtx_factor", sa.Double, nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("description", LongText),
    sa.Column("extra_specs", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment))

sa.Table(
    "flavor_access", METADATA,
    sa.Column("flavor_id", sa.Integer, sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.String(64), primary_key=True))

sa.Table(
    "keypairs", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("fingerprint", sa.String(255), nullable=False),
    sa.Column("public_key", LongText, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("user_id", "name"))

sa.Table(
    "servers", METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("display_name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255)),
    sa.Column("hostname", sa.String(255), nullable=False),
    sa.Column("vm_state", sa.String(32), nullable=False),
    sa.Column("task_state", sa.String(32)),
    sa.Column("power_state", sa.Integer, nullable=False),
    sa.Column("locked_by", sa.String(16)),
    sa.Column("locked_reason", sa.String(255)),
    sa.Column("host", sa.String(255)),
    sa.Column("availability_zone", sa.String(255)),
    sa.Column("group_id", sa.String(36), index=True),
    sa.Column("launch_index", sa.Integer, nullable=False),
    sa.Column("reservation_id", sa.String(64)),
    sa.Column("image_id", sa.String(36)),
    sa.Column("image_properties", sa.JSON, nullable=False),
    sa.Column("flavor", sa.JSON, nullable=False),
    sa.Column("key_name", sa.String(255)),
    sa.Column("public_key", LongText),
    sa.Column("key_type", sa.String(16)),
    sa.Column("user_data", LongText),
    sa.Column("injected_files", sa.JSON, nullable=False),
    sa.Column("local_disks", sa.JSON, nullable=False),
    sa.Column("guest_password", LongText),
    sa.Column("config_drive", sa.Boolean, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("scheduler_hints", sa.JSON, nullable=False),
    sa.Column("disk_config", sa.String(8), nullable=False),
    sa.Column("access_ipv4", sa.String(15)),
    sa.Column("access_ipv6", sa.String(39)),
    sa.Column("requested_networks", sa.JSON, nullable=False),
    sa.Column("requested_groups", sa.JSON, nullable=False),
    sa.Column("addresses", sa.JSON, nullable=False),
    sa.Column("security_groups", sa.JSON, nullable=False),
    sa.Column("interfaces_version", sa.Integer, nullable=False),
    sa.Column("fault", sa.JSON),
    sa.Column("migration_id", sa.Integer),
    sa.Column("rescue_image_id", sa.String(36)),
    sa.Column("soft_deleted_at", Moment),
    sa.Column("shelved_image_id", sa.String(36)),
    sa.Column("shelved_at", Moment),
    sa.Column("base_image_ids", sa.JSON, nullable=False),
    sa.Column("counted", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment),
    sa.Column("launched_at", Moment),
    sa.Column("terminated_at", Moment),
    sa.Column("deleted_at", Moment),
    sa.Index("ix_servers_deleted_at_created_at", "deleted_at", "created_at", "id"),
    sa.Index("ix_servers_host_deleted_at", "host", "deleted_at"),
    sa.Index("ix_servers_project_id_deleted_at_created_at", "project_id", "deleted_at", "created_at", "id"))

sa.Table(
    "interfaces", METADATA,
    sa.Column("server_id", sa.String(36), primary_key=True),
    sa.Column("nic_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("port_id", sa.String(36), nullable=False, index=True),
    sa.Column("mac", sa.String(17), nullable=False),
    sa.Column("tag", sa.String(80)),
    sa.Column("owned", sa.Boolean, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False))

sa.Table(
    "allocations", METADATA,
    sa.Column("server_id", sa.String(36), primary_key=True),
    sa.Column("host", sa.String(255), primary_key=True, index=True),
    sa.Column("purpose", sa.String(16), primary_key=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("disk_gb", sa.Integer, nullable=False))

sa.Table(
    "compute_nodes", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("host", sa.String(255), nullable=False, unique=True),
    sa.Column("hypervisor_hostname", sa.String(255), nullable=False),
    sa.Column("hypervisor_type", sa.String(64), nullable=False),
    sa.Column("hypervisor_version", sa.Integer, nullable=False),
    sa.Column("host_ip", sa.String(39), nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("disk_gb", sa.Integer, nullable=False),
    sa.Column("free_disk_gb", sa.Integer, nullable=False),
    sa.Column("vcpus_used", sa.Integer, nullable=False),
    sa.Column("memory_mb_used", sa.Integer, nullable=False),
    sa.Column("disk_gb_used", sa.Integer, nullable=False),
    sa.Column("cpu_allocation_ratio", sa.Double, nullable=False),
    sa.Column("ram_allocation_ratio", sa.Double, nullable=False),
    sa.Column("disk_allocation_ratio", sa.Double, nullable=False),
    sa.Column("reserved_memory_mb", sa.Integer, nullable=False),
    sa.Column("cpu_info", sa.JSON, nullable=False),
    sa.Column("supported_instances", sa.JSON, nullable=False),
    sa.Column("failed_builds", sa.Integer, nullable=False),
    sa.Column("uptime", sa.String(255)),
    sa.Column("availability_zone", sa.String(255)),
    sa.Column("updated_at", Moment))

sa.Table(
    "services", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("binary", sa.String(255), nullable=False),
    sa.Column("topic", sa.String(255), nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.String(255)),
    sa.Column("forced_down", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment),
    sa.UniqueConstraint("host", "binary"))

sa.Table(
    "quotas", METADATA,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("limit", sa.Integer, nullable=False))

sa.Table(
    "quota_locks", METADATA,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("taken", sa.BigInteger, nullable=False))

sa.Table(
    "quota_usages", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("instances", sa.BigInteger, nullable=False),
    sa.Column("cores", sa.BigInteger, nullable=False),
    sa.Column("ram", sa.BigInteger, nullable=False),
    sa.Column("more_cores", sa.BigInteger, nullable=False),
    sa.Column("more_ram", sa.BigInteger, nullable=False))
