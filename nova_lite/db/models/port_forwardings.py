"""Port forwardings: ports of floating IPs that lead to ports of guests."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id


class PortForwarding(Base):
    """Ports of a floating IP that stands for nothing else, both ends of each range included.

    Who writes one has locked the floating IP and the port.
    """

    __tablename__ = "port_forwardings"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    floatingip_id: Mapped[str] = mapped_column(sa.ForeignKey("floatingips.id"), index=True)
    internal_port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id"), index=True)
    internal_ip_address: Mapped[str] = mapped_column(sa.String(64))
    protocol: Mapped[str] = mapped_column(sa.String(40))
    external_first: Mapped[int]
    external_last: Mapped[int]
    internal_first: Mapped[int]
    internal_last: Mapped[int]                                        # as many as external ones, or one for all
    description: Mapped[str] = mapped_column(sa.String(255), default="")
