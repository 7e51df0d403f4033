"""Queries of images: rows as shown, filtered and paged by the database, changed under a condition on their status."""

import dataclasses
import datetime
import typing

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL, NO_PROJECT, Visible
from nova_lite.db import changes, damaged
from nova_lite.db.base import now
from nova_lite.db.locks import chunks
from nova_lite.db.models.images import Image, ImageLabel, ImageMember

_TABLE = Image.__table__
_MEMBERS = ImageMember.__table__
_LABELS = ImageLabel.__table__
#: What NULL sorts as, so that pages mean the same on every database.
_NULL = {"name": "", "disk_format": "", "container_format": "", "size": -1}
_COMPARE = {"eq": "__eq__", "neq": "__ne__", "gt": "__gt__", "gte": "__ge__", "lt": "__lt__", "lte": "__le__",
            "in": "in_"}


@dataclasses.dataclass(frozen=True)
class Viewer:
    """Who a list is for.

    :ivar own: the id of its project; others' community images are left out where ``Query`` does not ask for them.
    :ivar visible: the project whose images it may see, besides public ones and those shared with it; or ALL.
    """

    own: str = NO_PROJECT
    visible: Visible | str = ALL


@dataclasses.dataclass(frozen=True)
class Query:
    """A page of images.

    :ivar where: (column, operator, value) triples; operators eq, neq, gt, gte, lt, lte, in; moments
        are compared by their seconds.
    :ivar tags: all of them must be there.
    :ivar properties: (name, value) pairs of the image's own properties.
    :ivar visibility: None lists what Glance lists by default, "all" everything that may be seen.
    :ivar member_status: "accepted", "pending", "rejected" or "all": which images shared with the viewer count.
    :ivar sort: (column, descending) pairs; created_at and id are added.
    """

    where: tuple = ()
    tags: tuple = ()
    properties: tuple = ()
    visibility: str | None = None
    member_status: str = "accepted"
    sort: tuple = (("created_at", True),)
    marker: str | None = None
    limit: int = 25


def insert(session, values):
    """A new image; ``values`` as the model's columns.

    :raises Conflict: the id is or was taken.
    """
    try:
        session.execute(sa.insert(Image).values(**values))
    except IntegrityError:
        raise exceptions.Conflict(f"Image ID {values['id']} already exists!") from None
    _relabel(session, values["id"], values.get("tags", ()), values.get("properties", {}))


def get(session, image_id, *, lock=False):
    """The row, or None."""
    found = sa.select(_TABLE).where(_TABLE.c.id == image_id, _TABLE.c.deleted_at.is_(None))
    return session.execute(found.with_for_update() if lock else found).one_or_none()


def page(session, viewer, query):
    """Rows of one page, in order."""
    statement = sa.select(_TABLE).where(_TABLE.c.deleted_at.is_(None), _scope(viewer, query), *_conditions(query))
    keys = _sort_keys(query.sort)
    if query.marker is not None:
        statement = statement.where(_after(get(session, query.marker), keys))
    order = [expression.desc() if down else expression.asc() for _, expression, down in keys]
    return damaged.read(session, statement.order_by(*order).limit(query.limit),
                        damaged.stand_ins({"properties": {}, "tags": []}))


def _scope(viewer, query):
    """What the viewer may find.  Others' community images show only when asked for."""
    if viewer.visible is ALL:
        mine = sa.true()
        by_default = sa.or_(_TABLE.c.visibility != "community", _TABLE.c.project_id == viewer.own)
    else:
        own = _TABLE.c.project_id == viewer.visible
        shared = sa.and_(_TABLE.c.visibility == "shared", _TABLE.c.id.in_(_shared_with(viewer, query.member_status)))
        by_default = sa.or_(own, _TABLE.c.visibility == "public", shared)
        mine = sa.or_(by_default, _TABLE.c.visibility == "community")
    if query.visibility is None:
        return by_default
    if query.visibility == "all":
        return mine
    return sa.and_(mine, _TABLE.c.visibility == query.visibility)


def _shared_with(viewer, status):
    found = sa.select(_MEMBERS.c.image_id).where(_MEMBERS.c.member_id == viewer.own)
    return found if status == "all" else found.where(_MEMBERS.c.status == status)


def _conditions(query):
    for column, operator, value in query.where:
        if isinstance(value, datetime.datetime):
            yield changes.compared(_TABLE.c[column], operator, value)
        else:
            yield getattr(_TABLE.c[column], _COMPARE[operator])(value)
    for name, value in (*(("", tag) for tag in query.tags), *query.properties):
        yield _TABLE.c.id.in_(sa.select(_LABELS.c.image_id).where(_LABELS.c.name == name, _LABELS.c.value == value))


def _sort_keys(sort):
    """(column name, expression, descending) triples that order images totally."""
    down = sort[-1][1]
    keys = dict(sort)
    for name in ("created_at", "id"):
        keys.setdefault(name, down)
    return [(name, sa.func.coalesce(_TABLE.c[name], _NULL[name]) if name in _NULL else _TABLE.c[name], desc)
            for name, desc in keys.items()]


def _after(marker, keys):
    """Rows that come after ``marker``: later by the first key, or equal by it and later by the next, and so on."""
    steps = []
    for index, (_, expression, down) in enumerate(keys):
        equal = [before == _key(marker, name) for name, before, _ in keys[:index]]
        value = _key(marker, keys[index][0])
        steps.append(sa.and_(*equal, expression < value if down else expression > value))
    return sa.or_(*steps)


def _key(row, name):
    value = getattr(row, name)
    return _NULL[name] if value is None else value


def update(session, image_id, values, *, status=None):
    """Change columns; True when the image is there, and in ``status`` where one is given."""
    found = sa.update(Image).where(Image.id == image_id, Image.deleted_at.is_(None))
    if status is not None:
        found = found.where(Image.status == status)
    changed = session.execute(found.values(updated_at=now(), **values)).rowcount == 1
    if changed and "tags" in values and "properties" in values:
        _relabel(session, image_id, values["tags"], values["properties"])
    return changed


def delete(session, image_id):
    """Turn the row into its tombstone; False when it was not there."""
    session.execute(sa.delete(ImageLabel).where(ImageLabel.image_id == image_id))
    session.execute(sa.delete(ImageMember).where(ImageMember.image_id == image_id))
    return update(session, image_id, {"status": "deleted", "deleted_at": now()})


def with_status(session, status):
    """Ids of images in ``status``."""
    return set(session.scalars(sa.select(Image.id).where(Image.status == status, Image.deleted_at.is_(None))))


def known(session, image_ids):
    """Rows with id, size and status of these images, also of deleted ones."""
    return [row for some in chunks(sorted(image_ids)) for row in session.execute(
        sa.select(_TABLE.c.id, _TABLE.c.size, _TABLE.c.status).where(_TABLE.c.id.in_(some)))]


def ids(session):
    """Ids of all images."""
    return set(session.scalars(sa.select(Image.id).where(Image.deleted_at.is_(None))))


class Usage(typing.NamedTuple):
    """Of one project.  :ivar size: bytes of the images that have their data.  :ivar uploading: those that get it."""

    count: int
    size: int
    uploading: int


def usage(session, project_id):
    """Usage of a project's images."""
    saving = sa.func.sum(sa.case((_TABLE.c.status == "saving", 1), else_=0))
    count, size, uploading = session.execute(
        sa.select(sa.func.count(), sa.func.sum(_TABLE.c.size), saving)
        .where(_TABLE.c.project_id == project_id, _TABLE.c.deleted_at.is_(None))).one()
    return Usage(count, int(size or 0), int(uploading or 0))


def with_data(session):
    """Ids of the images that have their data."""
    return set(session.scalars(sa.select(Image.id).where(
        Image.deleted_at.is_(None), Image.status.in_(("active", "deactivated")))))


def tombstones(session, image_ids):
    """Those of the ids whose images were deleted; one that is neither there nor deleted may be of a later database."""
    return {each for some in chunks(sorted(image_ids)) for each in session.scalars(
        sa.select(Image.id).where(Image.id.in_(some), Image.deleted_at.is_not(None)))}


def _relabel(session, image_id, tags, properties):
    session.execute(sa.delete(ImageLabel).where(ImageLabel.image_id == image_id))
    labels = [*(("", tag) for tag in tags), *properties.items()]
    if labels:
        session.execute(sa.insert(ImageLabel), [{"image_id": image_id, "name": name, "value": value}
                                                for name, value in labels])


# ---- members

def members(session, image_id):
    """Rows of the projects that an image is shared with, oldest first."""
    return session.execute(sa.select(_MEMBERS).where(_MEMBERS.c.image_id == image_id)
                           .order_by(_MEMBERS.c.created_at, _MEMBERS.c.member_id)).all()


def member(session, image_id, member_id):
    """One such row, or None."""
    return session.execute(sa.select(_MEMBERS).where(
        _MEMBERS.c.image_id == image_id, _MEMBERS.c.member_id == member_id)).one_or_none()


def add_member(session, image_id, member_id):
    """:raises Conflict: it is one already."""
    try:
        session.execute(sa.insert(ImageMember).values(image_id=image_id, member_id=member_id))
    except IntegrityError:
        raise exceptions.Conflict(f"Image member {member_id} is already associated with image {image_id}.") from None


def set_member(session, image_id, member_id, status):
    session.execute(sa.update(ImageMember).where(ImageMember.image_id == image_id, ImageMember.member_id == member_id)
                    .values(status=status, updated_at=now()))


def remove_member(session, image_id, member_id):
    """False when it was none."""
    return session.execute(sa.delete(ImageMember).where(
        ImageMember.image_id == image_id, ImageMember.member_id == member_id)).rowcount == 1
