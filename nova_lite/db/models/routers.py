"""Routers of the embedded network service and the ports that are theirs."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base
from nova_lite.db.models.networks import Resource, Tag


class Router(Resource, Base):
    """What passes packets between its interfaces' subnets, and by its gateway to an external network."""

    __tablename__ = "routers"
    admin_state_up: Mapped[bool] = mapped_column(default=True)
    enable_snat: Mapped[bool] = mapped_column(default=True)           # of what leaves by the gateway
    routes: Mapped[list] = mapped_column(default=list)                # [{"destination": cidr, "nexthop": ip}]
    #: Of what passes its gateway.
    qos_policy_id: Mapped[str | None] = mapped_column(sa.ForeignKey("qos_policies.id"), index=True)
    availability_zone_hints: Mapped[list | None] = mapped_column(default=list)    # as a network's


class RouterPort(Base):
    """A port is a router's interface or its gateway, whatever ``device_id`` and ``device_owner`` of ports say.

    Who writes one has locked the router, and deletes the port with it.
    """

    __tablename__ = "router_ports"
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    router_id: Mapped[str] = mapped_column(sa.ForeignKey("routers.id"), index=True)
    port_type: Mapped[str] = mapped_column(sa.String(64))             # the port's device_owner


class RouterTag(Tag, Base):
    __tablename__ = "router_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("routers.id", ondelete="CASCADE"), primary_key=True)
