"""The declarative base and the column types that mean the same on SQLite, PostgreSQL and MariaDB."""

import datetime
import uuid

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from nova_lite.common import clock

#: UTC, naive, microseconds (MariaDB drops them unless the type says otherwise).
Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


class Base(orm.DeclarativeBase):
    """All tables.  Constraints are named by this convention, so that migrations can name them too."""

    metadata = sa.MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s"})
    type_annotation_map = {datetime.datetime: Moment, dict: sa.JSON, list: sa.JSON}


def new_id():
    """A random UUID as its 36 characters."""
    return str(uuid.uuid4())


def now():
    """This moment as the tables keep it: UTC without a zone, by the cloud's one clock."""
    return clock.steady() or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
