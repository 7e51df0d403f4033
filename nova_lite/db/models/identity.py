"""Domains, projects, users, roles, who has which role where, and what was revoked."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText, now


class Domain(Base):
    """A name space of users and projects; the first is "default"."""

    __tablename__ = "identity_domains"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
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
    domain_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_domains.id", ondelete="CASCADE"))
    description: Mapped[str] = mapped_column(LongText, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    tags: Mapped[list] = mapped_column(default=list)
    options: Mapped[dict] = mapped_column(default=dict)
    extra: Mapped[dict] = mapped_column(default=dict)
    __table_args__ = (sa.UniqueConstraint("domain_id", "name"),)


class User(Base):
    """Someone, or some program, that can log in."""

    __tablename__ = "identity_users"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    domain_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_domains.id", ondelete="CASCADE"))
    enabled: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(255))  # None: cannot log in with a password
    default_project_id: Mapped[str | None] = mapped_column(sa.String(64))
    options: Mapped[dict] = mapped_column(default=dict)
    extra: Mapped[dict] = mapped_column(default=dict)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    __table_args__ = (sa.UniqueConstraint("domain_id", "name"),)


class Role(Base):
    """A name that policies ask for."""

    __tablename__ = "identity_roles"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    description: Mapped[str | None] = mapped_column(LongText)
    options: Mapped[dict] = mapped_column(default=dict)               # {"immutable": true}: neither changed nor deleted


class ImpliedRole(Base):
    """Who has ``prior`` also has ``implied``."""

    __tablename__ = "identity_implied_roles"
    prior_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True)
    implied_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True)


class Grant(Base):
    """A user's role on a project, on a domain or on the system (then ``target_id`` is "all")."""

    __tablename__ = "identity_grants"
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_users.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(sa.String(8), primary_key=True)       # "project", "domain" or "system"
    target_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)
    role_id: Mapped[str] = mapped_column(sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True)


class Revocation(Base):
    """Tokens with ``key`` among theirs that were issued up to ``before`` are void; kept until the last has expired."""

    __tablename__ = "identity_revocations"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(160))
    before: Mapped[float] = mapped_column(sa.Double)                  # seconds since the epoch
    expires: Mapped[float] = mapped_column(sa.Double, index=True)
