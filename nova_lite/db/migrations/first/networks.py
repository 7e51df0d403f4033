"""The first schema: networks, ports and security groups."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, ExactText, Moment

sa.Table(
    "networks", METADATA,
    sa.Column("mtu", sa.Integer, nullable=False),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False))

sa.Table(
    "address_scopes", METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("ip_version", sa.Integer, nullable=False))

sa.Table(
    "subnetpools", METADATA,
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("prefixes", sa.JSON, nullable=False),
    sa.Column("min_prefixlen", sa.Integer, nullable=False),
    sa.Column("max_prefixlen", sa.Integer, nullable=False),
    sa.Column("default_prefixlen", sa.Integer, nullable=False),
    sa.Column("default_quota", sa.Integer),
    sa.Column("default_for", sa.Integer, unique=True),
    sa.Column("address_scope_id", sa.String(36), sa.ForeignKey("address_scopes.id"), index=True),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False))

sa.Table(
    "subnets", METADATA,
    sa.Column("subnetpool_id", sa.String(36), sa.ForeignKey("subnetpools.id"), index=True),
    sa.Column("network_id", sa.String(36), sa.ForeignKey("networks.id", ondelete="CASCADE"),
              nullable=False, index=True),
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("cidr", sa.String(64), nullable=False),
    sa.Column("gateway_ip", sa.String(64)),
    sa.Column("enable_dhcp", sa.Boolean, nullable=False),
    sa.Column("dns_nameservers", sa.JSON, nullable=False),
    sa.Column("allocation_pools", sa.JSON, nullable=False),
    sa.Column("host_access", sa.Boolean, nullable=False),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False))

sa.Table(
    "ports", METADATA,
    sa.Column("network_id", sa.String(36), sa.ForeignKey("networks.id"), nullable=False, index=True),
    sa.Column("mac_address", sa.String(17), nullable=False),
    sa.Column("server_id", sa.String(36)),
    sa.Column("nic_index", sa.Integer),
    sa.Column("tag", sa.String(80)),
    sa.Column("made_for_server", sa.Boolean, nullable=False),
    sa.Column("marker", sa.String(36), index=True),
    sa.Column("device_id", sa.String(255), nullable=False),
    sa.Column("device_owner", sa.String(255), nullable=False),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.UniqueConstraint("network_id", "mac_address"),
    sa.UniqueConstraint("server_id", "nic_index"))

sa.Table(
    "port_bindings", METADATA,
    sa.Column("port_id", sa.String(36), sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("host", sa.String(255), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("vif_type", sa.String(64), nullable=False),
    sa.Column("vnic_type", sa.String(64), nullable=False),
    sa.Column("profile", sa.JSON, nullable=False),
    sa.Column("vif_details", sa.JSON, nullable=False))

sa.Table(
    "fixed_ips", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("port_id", sa.String(36), sa.ForeignKey("ports.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("subnet_id", sa.String(36), sa.ForeignKey("subnets.id"), nullable=False),
    sa.Column("ip", sa.String(64), nullable=False, index=True),
    sa.Column("marker", sa.String(36), index=True),
    sa.UniqueConstraint("subnet_id", "ip"))

sa.Table(
    "security_groups", METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False))

sa.Table(
    "default_security_groups", METADATA,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("security_group_id", sa.String(36), sa.ForeignKey("security_groups.id", ondelete="CASCADE"),
              nullable=False))

sa.Table(
    "security_group_rules", METADATA,
    sa.Column("security_group_id", sa.String(36), sa.ForeignKey("security_groups.id", ondelete="CASCADE"),
              nullable=False, index=True),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("ethertype", sa.String(8), nullable=False),
    sa.Column("protocol", sa.String(40)),
    sa.Column("port_range_min", sa.Integer),
    sa.Column("port_range_max", sa.Integer),
    sa.Column("remote_ip_prefix", sa.String(64)),
    sa.Column("remote_group_id", sa.String(36), sa.ForeignKey("security_groups.id", ondelete="CASCADE")),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False))

sa.Table(
    "port_security_groups", METADATA,
    sa.Column("port_id", sa.String(36), sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("security_group_id", sa.String(36), sa.ForeignKey("security_groups.id"), primary_key=True, index=True))

sa.Table(
    "network_tags", METADATA,
    sa.Column("resource_id", sa.String(36), sa.ForeignKey("networks.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", ExactText, primary_key=True))

sa.Table(
    "subnet_tags", METADATA,
    sa.Column("resource_id", sa.String(36), sa.ForeignKey("subnets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", ExactText, primary_key=True))

sa.Table(
    "subnetpool_tags", METADATA,
    sa.Column("resource_id", sa.String(36), sa.ForeignKey("subnetpools.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", ExactText, primary_key=True))

sa.Table(
    "port_tags", METADATA,
    sa.Column("resource_id", sa.String(36), sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", ExactText, primary_key=True))

sa.Table(
    "security_group_tags", METADATA,
    sa.Column("resource_id", sa.String(36), sa.ForeignKey("security_groups.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", ExactText, primary_key=True))

sa.Table(
    "network_quotas", METADATA,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("limit", sa.Integer, nullable=False))

sa.Table(
    "rbac_policies", METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("object_type", sa.String(32), nullable=False),
    sa.Column("object_id", sa.String(36), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("target_project", sa.String(64), nullable=False, index=True),
    sa.UniqueConstraint("object_id", "action", "target_project"))
