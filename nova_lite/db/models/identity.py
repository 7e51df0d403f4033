"""Domains, projects, users, groups, roles, grants of roles, revocations of tokens, and failed logins.

``name_key`` is a digest of the name without its case: two names with the same key are one name, on every database.
"""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText, now


class Domain(Base):
    """A name space of users and projects; the first is "default"."""

    __tablename__ = "identity_domains"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    name_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    description: Mapped[str] = mapped_column(LongText, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    tags: Mapped[list] = mapped_column(default=list)
    options: Mapped[dict] = mapped_column(default=dict)
    extra: Mapped[dict] = mapped_column(default=dict)                 # what else a client sent, given back


class Project(Base):
    """What owns servers, images and networks."""

    __tablename__ = "identity_projects"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    name_key: Mapped[str] = mapped_column(sa.String(64))
    domain_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_domains.id", ondelete="CASCADE"))
    description: Mapped[str] = mapped_column(LongText, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    tags: Mapped[list] = mapped_column(default=list)
    options: Mapped[dict] = mapped_column(default=dict)
    extra: Mapped[dict] = mapped_column(default=dict)
    __table_args__ = (sa.UniqueConstraint("domain_id", "name_key"),)


class User(Base):
    """Someone, or some program, that can log in."""

    __tablename__ = "identity_users"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    name_key: Mapped[str] = mapped_column(sa.String(64))
    domain_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_domains.id", ondelete="CASCADE"))
    enabled: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(255))  # None: cannot log in with a password
    default_project_id: Mapped[str | None] = mapped_column(sa.String(64))
    options: Mapped[dict] = mapped_column(default=dict)
    extra: Mapped[dict] = mapped_column(default=dict)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    failed_auth_count: Mapped[int] = mapped_column(default=0)         # wrong passwords since the last right one
    failed_auth_at: Mapped[datetime.datetime | None]
    __table_args__ = (sa.UniqueConstraint("domain_id", "name_key"),)


class Role(Base):
    """A name that policies ask for."""

    __tablename__ = "identity_roles"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    name_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    description: Mapped[str | None] = mapped_column(LongText)
    options: Mapped[dict] = mapped_column(default=dict)               # {"immutable": true}: neither changed nor deleted
    extra: Mapped[dict] = mapped_column(default=dict)


class ImpliedRole(Base):
    """Who has ``prior`` also has ``implied``."""

    __tablename__ = "identity_implied_roles"
    prior_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True)
    implied_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True)


class Group(Base):
    """Users who are given roles together."""

    __tablename__ = "identity_groups"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    name_key: Mapped[str] = mapped_column(sa.String(64))
    domain_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_domains.id", ondelete="CASCADE"))
    description: Mapped[str] = mapped_column(LongText, default="")
    options: Mapped[dict] = mapped_column(default=dict)
    extra: Mapped[dict] = mapped_column(default=dict)
    __table_args__ = (sa.UniqueConstraint("domain_id", "name_key"),)


class GroupMember(Base):
    """A user who belongs to a group."""

    __tablename__ = "identity_group_members"
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_users.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_groups.id", ondelete="CASCADE"), primary_key=True)


class Grant(Base):
    """A role of an actor on a target.

    ``actor_id`` is the id of a user or of a group; no foreign key can name either of two tables, so
    ``db.identity.remove`` deletes the grants of what it removes.
    """

    __tablename__ = "identity_grants"
    actor_type: Mapped[str] = mapped_column(sa.String(8), primary_key=True)   # "user" or "group"
    actor_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    target_type: Mapped[str] = mapped_column(sa.String(8), primary_key=True)  # "project", "domain" or "system"
    target_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)     # "all" for the system
    role_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True)
    #: True: the role is held on the projects below the target, and not on the target itself (Keystone's OS-INHERIT).
    inherited: Mapped[bool] = mapped_column(primary_key=True, default=False)


class IdentityRevision(Base):
    """One row: how many transactions have changed anything of identity.

    Each change locks the row first, so that changes come one by one.  A login locks it shared, so that nothing changes
    between its checks and its token.
    """

    __tablename__ = "identity_revision"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)    # 1
    number: Mapped[int] = mapped_column(sa.BigInteger)
    #: Tokens of an older revision are void: what was known about them has been deleted.
    floor: Mapped[int] = mapped_column(sa.BigInteger)


class Revocation(Base):
    """The change ``revision`` concerns all older tokens that have ``key`` among theirs."""

    __tablename__ = "identity_revocations"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(160), index=True)
    revision: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    void: Mapped[bool]                                                # False: they look up their roles anew
    #: Seconds since the epoch: when the row may be deleted, for the last such token has expired.
    expires: Mapped[float] = mapped_column(sa.Double, index=True)


class LoginAttempts(Base):
    """How many wrong passwords came lately for a user, from an address, or for the one from the other."""

    __tablename__ = "identity_login_attempts"
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)         # a digest
    #: Epoch seconds at which all of them are forgotten: each adds its share to what was there.
    forgotten: Mapped[float] = mapped_column(sa.Double)
    #: Epoch seconds of the last right password, None before the first.
    succeeded: Mapped[float | None] = mapped_column(sa.Double)
    expires: Mapped[float] = mapped_column(sa.Double, index=True)             # when the row may go
