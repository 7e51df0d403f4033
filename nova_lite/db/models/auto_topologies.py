"""Which network and router a project was given when it asked for any network."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base


class AutoTopology(Base):
    """It goes with its network; without its router, what is left of it stays."""

    __tablename__ = "auto_topologies"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    router_id: Mapped[str | None] = mapped_column(sa.ForeignKey("routers.id", ondelete="SET NULL"), index=True)
