"""Floating IPs: addresses of external networks that routers translate to those of ports."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base
from nova_lite.db.models.networks import Owned, Tag


class FloatingIp(Owned, Base):
    """One address of an external network, kept by a port of nobody's project, and the address that it stands for."""

    __tablename__ = "floatingips"
    floating_network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id"), index=True)
    floating_port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id"), unique=True)
    floating_ip_address: Mapped[str] = mapped_column(sa.String(64))
    #: None in all three: it stands for nothing.
    router_id: Mapped[str | None] = mapped_column(sa.ForeignKey("routers.id"), index=True)
    fixed_port_id: Mapped[str | None] = mapped_column(sa.ForeignKey("ports.id"), index=True)
    fixed_ip_address: Mapped[str | None] = mapped_column(sa.String(64))
    dns_name: Mapped[str] = mapped_column(sa.String(255), default="")     # no effect
    dns_domain: Mapped[str] = mapped_column(sa.String(255), default="")   # no effect
    qos_policy_id: Mapped[str | None] = mapped_column(sa.ForeignKey("qos_policies.id"), index=True)
    __table_args__ = (sa.UniqueConstraint("floating_network_id", "fixed_port_id", "fixed_ip_address"),)


class FloatingIpTag(Tag, Base):
    __tablename__ = "floatingip_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("floatingips.id", ondelete="CASCADE"), primary_key=True)
