"""Networks, subnets, ports, their fixed addresses, and security groups: what the embedded network service remembers."""

import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id, now


class Owned:
    """What every resource of the network API has, but for some a name."""

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    description: Mapped[str] = mapped_column(sa.String(255), default="")
    revision: Mapped[int] = mapped_column(default=1)                  # counts changes, shown as revision_number
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=now, onupdate=now)


class Resource(Owned):
    name: Mapped[str] = mapped_column(sa.String(255), default="")


class Network(Resource, Base):
    """One layer-2 segment: a Linux bridge on each host that has a port of it."""

    __tablename__ = "networks"
    mtu: Mapped[int]
    admin_state_up: Mapped[bool] = mapped_column(default=True)            # False: no DHCP
    port_security_enabled: Mapped[bool] = mapped_column(default=True)     # of new ports, where nobody says
    dns_domain: Mapped[str] = mapped_column(sa.String(255), default="")   # "example.org."; no effect
    is_default: Mapped[bool | None] = mapped_column(unique=True, index=True)   # of external ones: True; None: not
    #: Zones that its owner wishes for, with no effect; None: [].
    availability_zone_hints: Mapped[list | None] = mapped_column(default=list)
    #: Of [network] physical_networks, whose NIC is on its bridge; of one network alone. None: it ends at each host.
    physical_network: Mapped[str | None] = mapped_column(sa.String(64), unique=True, index=True)
    #: For those of its ports of servers that have none of their own.
    qos_policy_id: Mapped[str | None] = mapped_column(sa.ForeignKey("qos_policies.id"), index=True)


class AddressScope(Base):
    """Where no two subnet pools hold one address.  It has neither history nor tags, in Neutron neither."""

    __tablename__ = "address_scopes"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(255), default="")
    ip_version: Mapped[int]


class SubnetPool(Resource, Base):
    """Prefixes that ranges of subnets are allocated from; what is allocated, the subnets say."""

    __tablename__ = "subnetpools"
    ip_version: Mapped[int]
    prefixes: Mapped[list] = mapped_column(default=list)              # ["10.0.0.0/8"], as few as say it
    min_prefixlen: Mapped[int]
    max_prefixlen: Mapped[int]
    default_prefixlen: Mapped[int]
    default_quota: Mapped[int | None]                                 # of a project, in /32 (IPv6: /64); None, 0: none
    default_for: Mapped[int | None] = mapped_column(unique=True)      # the IP version that it is the default pool of
    address_scope_id: Mapped[str | None] = mapped_column(sa.ForeignKey("address_scopes.id"), index=True)


class Subnet(Resource, Base):
    """One range of addresses of a network."""

    __tablename__ = "subnets"
    subnetpool_id: Mapped[str | None] = mapped_column(sa.ForeignKey("subnetpools.id"), index=True)
    network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    ip_version: Mapped[int] = mapped_column(default=4)
    cidr: Mapped[str] = mapped_column(sa.String(64))                  # "10.0.0.0/24", host bits clear
    gateway_ip: Mapped[str | None] = mapped_column(sa.String(64))     # None: isolated, no DHCP, NAT or metadata
    enable_dhcp: Mapped[bool] = mapped_column(default=True)
    dns_nameservers: Mapped[list] = mapped_column(default=list)       # [] makes the gateway answer
    allocation_pools: Mapped[list] = mapped_column(default=list)      # [{"start": ip, "end": ip}]
    host_routes: Mapped[list | None] = mapped_column(default=list)    # [{"destination", "nexthop"}] for DHCP; None: []
    service_types: Mapped[list | None] = mapped_column(default=list)  # device_owner of its ports; [], None: any
    host_access: Mapped[bool] = mapped_column(default=False)          # whether hosts may open connections to it
    ipv6_ra_mode: Mapped[str | None] = mapped_column(sa.String(16))       # common.ipv6.MODES: what routers announce
    ipv6_address_mode: Mapped[str | None] = mapped_column(sa.String(16))  # and how guests get addresses; None: unsaid


class Port(Resource, Base):
    """One NIC, there or to be.

    ``server_id`` and ``nic_index`` are set by the network facade alone and say whose NIC it is; ``device_id`` and
    ``device_owner`` are words of the port's owner and prove nothing.
    """

    __tablename__ = "ports"
    network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id"), index=True)
    mac_address: Mapped[str] = mapped_column(sa.String(17))
    server_id: Mapped[str | None] = mapped_column(sa.String(36))
    nic_index: Mapped[int | None]                                     # 0 is the guest's first NIC
    tag: Mapped[str | None] = mapped_column(sa.String(80))
    made_for_server: Mapped[bool] = mapped_column(default=False)      # goes when its server goes
    #: The id of the row of service_changes that gave it to its server, by which that is found again.  None: none did.
    marker: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    device_id: Mapped[str] = mapped_column(sa.String(255), default="")
    device_owner: Mapped[str] = mapped_column(sa.String(255), default="")
    admin_state_up: Mapped[bool] = mapped_column(default=True)        # False: it carries nothing
    #: Whether it may send with no addresses but its own, and what its security groups let through.
    port_security_enabled: Mapped[bool] = mapped_column(default=True)
    #: [{"mac_address", "ip_address": an address, or a range of them}] that it may send with besides its own; None: [].
    allowed_address_pairs: Mapped[list | None] = mapped_column(default=list)
    #: [{"opt_name", "opt_value", "ip_version"}] for its guest alone; None: [].
    extra_dhcp_opts: Mapped[list | None] = mapped_column(default=list)
    dns_name: Mapped[str] = mapped_column(sa.String(255), default="")     # ""; its server's hostname, if it has one
    dns_domain: Mapped[str] = mapped_column(sa.String(255), default="")   # as a network's
    #: None: its network's is for it.
    qos_policy_id: Mapped[str | None] = mapped_column(sa.ForeignKey("qos_policies.id"), index=True)
    __table_args__ = (sa.UniqueConstraint("network_id", "mac_address"), sa.UniqueConstraint("server_id", "nic_index"))


class PortBinding(Base):
    """A port on one host.  Exactly one of a port's is active: that of its server's host, where it has a server."""

    __tablename__ = "port_bindings"
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(255), primary_key=True)   # "": bound nowhere yet
    state: Mapped[str] = mapped_column(sa.String(16))                 # objects.port_binding.BindingState
    vif_type: Mapped[str] = mapped_column(sa.String(64))              # objects.port_binding.VifType
    vnic_type: Mapped[str] = mapped_column(sa.String(64), default="normal")
    profile: Mapped[dict] = mapped_column(default=dict)               # what a service keeps there; no effect
    vif_details: Mapped[dict] = mapped_column(default=dict)           # of how it is plugged
    up: Mapped[bool] = mapped_column(default=False)                   # whether the host says that the port works there


class FixedIp(Base):
    """One address of one port; the database sees to it that no subnet gives one address twice."""

    __tablename__ = "fixed_ips"
    id: Mapped[int] = mapped_column(primary_key=True)
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), index=True)
    subnet_id: Mapped[str] = mapped_column(sa.ForeignKey("subnets.id"))
    ip: Mapped[str] = mapped_column(sa.String(64), index=True)
    #: As a port's, where a change added the address alone.
    marker: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    __table_args__ = (sa.UniqueConstraint("subnet_id", "ip"),)


class SecurityGroup(Resource, Base):
    """A named set of rules about what may reach a port."""

    __tablename__ = "security_groups"
    stateful: Mapped[bool] = mapped_column(default=True)              # False: replies need rules of their own


class DefaultSecurityGroup(Base):
    """Which group is a project's ``default``; the key sees to it that it has one."""

    __tablename__ = "default_security_groups"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    security_group_id: Mapped[str] = mapped_column(sa.ForeignKey("security_groups.id", ondelete="CASCADE"))


class SecurityGroupRule(Resource, Base):
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
    remote_address_group_id: Mapped[str | None] = mapped_column(sa.ForeignKey("address_groups.id"), index=True)


class PortSecurityGroup(Base):
    """A port is in a group."""

    __tablename__ = "port_security_groups"
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    security_group_id: Mapped[str] = mapped_column(sa.ForeignKey("security_groups.id"), primary_key=True, index=True)


#: Two texts are the same where every character is, on MariaDB too.
_ExactText = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_nopad_bin"), "mysql", "mariadb")


class Tag:
    """One tag of one resource, in a table beside the resource's."""

    tag: Mapped[str] = mapped_column(_ExactText, primary_key=True, sort_order=1)


class NetworkTag(Tag, Base):
    __tablename__ = "network_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id", ondelete="CASCADE"), primary_key=True)


class SubnetTag(Tag, Base):
    __tablename__ = "subnet_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("subnets.id", ondelete="CASCADE"), primary_key=True)


class SubnetPoolTag(Tag, Base):
    __tablename__ = "subnetpool_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("subnetpools.id", ondelete="CASCADE"), primary_key=True)


class PortTag(Tag, Base):
    __tablename__ = "port_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)


class SecurityGroupTag(Tag, Base):
    __tablename__ = "security_group_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("security_groups.id", ondelete="CASCADE"), primary_key=True)


class NetworkQuota(Base):
    """A project's limit of a network resource that differs from the configured one; -1 means none."""

    __tablename__ = "network_quotas"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    limit: Mapped[int]
