"""RBAC policies: which projects may use a network resource that is another's."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id


class RbacPolicy(Base):
    """A resource of the network API may be used by one project, or by every project.

    Whoever writes one has locked the resource, and a resource's policies are deleted with it.
    """

    __tablename__ = "rbac_policies"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    object_type: Mapped[str] = mapped_column(sa.String(32))           # "network", "security_group", ...
    object_id: Mapped[str] = mapped_column(sa.String(36))
    action: Mapped[str] = mapped_column(sa.String(32))                # "access_as_shared"
    target_project: Mapped[str] = mapped_column(sa.String(64), index=True)    # a project's id, or "*": every one
    __table_args__ = (sa.UniqueConstraint("object_id", "action", "target_project"),)
