"""Whether the database can be written, for services that otherwise learn it from their first request."""

import contextlib

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db.models.servers import Service
from nova_lite.db.session import writer


def look():
    """Write nothing; where even that is refused, because the database may only be read or is away, the log says so."""
    with contextlib.suppress(exceptions.DatabaseUnavailable), writer(relaxed=True) as session:
        session.execute(sa.update(Service).where(sa.false()).values(host=Service.host))
