"""Which cloud a database is of, and how far it has come: compared with state directories and hosts."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, now


class Cloud(Base):
    """The one row about the cloud itself."""

    __tablename__ = "cloud"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)      # always 1
    cloud_id: Mapped[str] = mapped_column(sa.String(36))
    #: Only ever grows while the cloud runs; state directories that know a higher one have seen a later database.
    mark: Mapped[int] = mapped_column(sa.BigInteger, default=1)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    restored_at: Mapped[datetime.datetime | None]     # when this was last found to be an earlier state of the database
