"""Networks, subnets, ports, their fixed addresses, and security groups: what the embedded network service remembers."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id, now


class _Resource:
    """What every resource of the network API has."""

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(255), default="")
    description: Mapped[str] = mapped_column(sa.String(255), default="")
    revision: Mapped[int] = mapped_column(default=1)                  # counts changes, shown as revision_number
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=now, onupdate=now)


class Network(_Resource, Base):
    """One layer-2 segment: a Linux bridge on each host that has a port of it."""

    __tablename__ = "networks"
    shared: Mapped[bool] = mapped_column(default=False)
    mtu: Mapped[int]


class Subnet(_Resource, Base):
    """One range of addresses of a network."""

    __tablename__ = "subnets"
    network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    ip_version: Mapped[int] = mapped_column(default=4)
    cidr: Mapped[str] = mapped_column(sa.String(64))                  # "10.0.0.0/24", host bits clear
    gateway_ip: Mapped[str | None] = mapped_column(sa.String(64))     # None: isolated, no DHCP, NAT or metadata
    enable_dhcp: Mapped[bool] = mapped_column(default=True)
    dns_nameservers: Mapped[list] = mapped_column(default=list)       # [] makes the gateway answer
    allocation_pools: Mapped[list] = mapped_column(default=list)      # [{"start": ip, "end": ip}]


class Port(_Resource, Base):
    """One NIC, there or to be.

    ``server_id`` and ``nic_index`` are set by the network facade alone and say whose NIC it is; ``device_id`` and
    ``device_owner`` are words of the port's owner and prove nothing.
    """

    __tablename__ = "ports"
    network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id"), index=True)
    mac_address: Mapped[str] = mapped_column(sa.String(17))
    server_id: Mapped[str | None] = mapped_column(sa.String(36))
    nic_index: Mapped[int | None]                                     # 0 is the guest's first NIC
    host: Mapped[str | None] = mapped_column(sa.String(255))          # where it is plugged; None: nowhere yet
    tag: Mapped[str | None] = mapped_column(sa.String(80))
    made_for_server: Mapped[bool] = mapped_column(default=False)      # goes when its server goes
    device_id: Mapped[str] = mapped_column(sa.String(255), default="")
    device_owner: Mapped[str] = mapped_column(sa.String(255), default="")
    __table_args__ = (sa.UniqueConstraint("network_id", "mac_address"), sa.UniqueConstraint("server_id", "nic_index"))


class FixedIp(Base):
    """One address of one port; the database sees to it that no subnet gives one address twice."""

    __tablename__ = "fixed_ips"
    id: Mapped[int] = mapped_column(primary_key=True)
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), index=True)
    subnet_id: Mapped[str] = mapped_column(sa.ForeignKey("subnets.id"))
    ip: Mapped[str] = mapped_column(sa.String(64), index=True)
    __table_args__ = (sa.UniqueConstraint("subnet_id", "ip"),)


class SecurityGroup(_Resource, Base):
    """A named set of rules about what may reach a port."""

    __tablename__ = "security_groups"


class DefaultSecurityGroup(Base):
    """Which group is a project's ``default``; the key sees to it that it has one."""

    __tablename__ = "default_security_groups"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    security_group_id: Mapped[str] = mapped_column(sa.ForeignKey("security_groups.id", ondelete="CASCADE"))


class SecurityGroupRule(_Resource, Base):
    """One thing that a group lets through; None in a field means any."""

    __tablename__ = "security_group_rules"
    security_group_id: Mapped[str] = mapped_column(sa.ForeignKey("security_groups.id", ondelete="CASCADE"), index=True)
    direction: Mapped[str] = mapped_column(sa.String(8))              # "ingress" or "egress"
    ethertype: Mapped[str] = mapped_column(sa.String(8))              # "IPv4" or "IPv6"
    protocol: Mapped[str | None] = mapped_column(sa.String(40))
    port_range_min: Mapped[int | None]                                # ICMP: the type
    port_range_max: Mapped[int | None]                                # ICMP: the code
    remote_ip_prefix: Mapped[str | None] = mapped_column(sa.String(64))
    remote_group_id: Mapped[str | None] = mapped_column(sa.ForeignKey("security_groups.id", ondelete="CASCADE"))


class PortSecurityGroup(Base):
    """A port is in a group."""

    __tablename__ = "port_security_groups"
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    security_group_id: Mapped[str] = mapped_column(sa.ForeignKey("security_groups.id"), primary_key=True, index=True)
