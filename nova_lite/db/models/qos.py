"""QoS policies: how much of what ports may send and get, and how it is marked."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id
from nova_lite.db.models.networks import Resource, Tag


class QosPolicy(Resource, Base):
    """A named set of rules for ports; networks and ports name it by ``qos_policy_id``.

    Who changes its rules has locked it.
    """

    __tablename__ = "qos_policies"
    default_for: Mapped[str | None] = mapped_column(sa.String(64), unique=True)     # the project whose networks get it


class QosRule(Base):
    """One rule of a policy; of a type and a direction a policy has one.  What a type has no use for is None."""

    __tablename__ = "qos_rules"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    qos_policy_id: Mapped[str] = mapped_column(sa.ForeignKey("qos_policies.id", ondelete="CASCADE"), index=True)
    type: Mapped[str] = mapped_column(sa.String(32))                  # of objects.qos_rules.TYPES
    direction: Mapped[str | None] = mapped_column(sa.String(8))       # "egress": from the guest; "ingress" or "any"
    max_kbps: Mapped[int | None]                                      # thousands of bits a second; 0: any number
    max_burst_kbps: Mapped[int | None]                                # thousands of bits at once; 0: as max_kbps needs
    min_kbps: Mapped[int | None]
    dscp_mark: Mapped[int | None]
    max_kpps: Mapped[int | None]                                      # thousands of packets a second; 0: any number
    max_burst_kpps: Mapped[int | None]                                # thousands at once; 0: as max_kpps needs
    min_kpps: Mapped[int | None]


class QosPolicyTag(Tag, Base):
    __tablename__ = "qos_policy_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("qos_policies.id", ondelete="CASCADE"), primary_key=True)
