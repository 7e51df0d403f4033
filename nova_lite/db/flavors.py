"""Flavors and the projects that may use private ones."""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db import server_filters
from nova_lite.db.models.servers import Flavor, FlavorAccess

_T, _A = Flavor.__table__, FlavorAccess.__table__
_SORT = {"created_at": _T.c.created_at, "description": sa.func.coalesce(_T.c.description, ""),
         "ephemeral_gb": _T.c.ephemeral_gb, "flavorid": _T.c.flavorid, "id": _T.c.id, "is_public": _T.c.is_public,
         "memory_mb": _T.c.memory_mb, "name": _T.c.name, "root_gb": _T.c.root_gb, "rxtx_factor": _T.c.rxtx_factor,
         "swap": _T.c.swap_mb, "updated_at": sa.func.coalesce(_T.c.updated_at, _T.c.created_at), "vcpus": _T.c.vcpus}


def _usable_by(project_id):
    allowed = sa.select(_A.c.flavor_id).where(_A.c.project_id == project_id)
    return sa.or_(_T.c.is_public, _T.c.id.in_(allowed))


def get(session, flavor_id, *, project_id=None, lock=False):
    """The flavor that the API calls ``flavor_id``.

    :param project_id: only if this project may use it; None: any.
    :param lock: nobody else can lock it until this transaction ends.
    :raises FlavorNotFound:
    """
    statement = sa.select(_T).where(_T.c.flavorid == str(flavor_id))
    if project_id is not None:
        statement = statement.where(_usable_by(project_id))
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise exception.FlavorNotFound(flavor_id=flavor_id)
    return row


def number(session, flavor_id):
    """The number of the flavor that the API calls ``flavor_id``; None where it is deleted."""
    return session.execute(sa.select(_T.c.id).where(_T.c.flavorid == flavor_id)).scalar_one_or_none()


def find(session, *, private=False, project_id=None, minimum_ram=None, minimum_disk=None, name=None,
         sort_key="flavorid", sort_dir="asc", limit=1000, marker=None):
    """A page of flavors.

    :param private: only those that are not public.
    :param project_id: only what this project may use.
    :param name: a regular expression.
    :raises MarkerNotFound: ``marker`` is no flavor's id.
    :raises BadRequest: the regular expression could take too long.
    """
    statement = sa.select(_T)
    if private:
        statement = statement.where(_T.c.is_public.is_(False))
    if project_id is not None:
        statement = statement.where(_usable_by(project_id))
    if minimum_ram is not None:
        statement = statement.where(_T.c.memory_mb >= minimum_ram)
    if minimum_disk is not None:
        statement = statement.where(_T.c.root_gb >= minimum_disk)
    if name is not None:
        statement = statement.where(server_filters.matches(_T.c.name, name))
    expression = _SORT.get(sort_key, _T.c.flavorid)
    if marker is not None:
        statement = statement.where(_after(session, expression, sort_dir, marker))
    ordered = (expression.desc(), _T.c.id.desc()) if sort_dir == "desc" else (expression, _T.c.id)
    with server_filters.understood():
        return session.execute(statement.order_by(*ordered).limit(limit)).all() if limit else []


def _after(session, expression, sort_dir, marker):
    found = session.execute(sa.select(expression, _T.c.id).where(_T.c.flavorid == marker)).one_or_none()
    if found is None:
        raise exception.MarkerNotFound(marker=marker)
    value, number = found
    if sort_dir == "desc":
        return sa.or_(expression < value, sa.and_(expression == value, _T.c.id < number))
    return sa.or_(expression > value, sa.and_(expression == value, _T.c.id > number))


def create(session, **values):
    """Insert and return the row.

    :raises FlavorExists, FlavorIdExists: another flavor has that name or id.
    """
    taken = sa.or_(_T.c.name == values["name"], _T.c.flavorid == values["flavorid"])
    found = session.execute(sa.select(_T.c.name).where(taken)).scalars().all()
    if found:
        _refuse(values, values["name"] in found)
    try:
        with session.begin_nested():
            session.execute(sa.insert(Flavor).values(**values))
    except sa.exc.IntegrityError:
        _refuse(values, named=True)             # somebody was faster
    return get(session, values["flavorid"])


def _refuse(values, named):
    if named:
        raise exception.FlavorExists(name=values["name"])
    raise exception.FlavorIdExists(flavor_id=values["flavorid"])


def update(session, flavor_id, **values):
    """Change and return the row.  :raises FlavorNotFound:"""
    session.execute(sa.update(Flavor).where(Flavor.flavorid == str(flavor_id)).values(**values),
                    execution_options={"synchronize_session": False})
    return get(session, flavor_id)


def delete(session, flavor_id):
    """:raises FlavorNotFound:"""
    row = get(session, flavor_id)
    session.execute(_A.delete().where(_A.c.flavor_id == row.id))
    session.execute(_T.delete().where(_T.c.id == row.id))


def projects(session, flavor):
    """Ids of the projects that may use a private flavor."""
    return session.execute(sa.select(_A.c.project_id).where(_A.c.flavor_id == flavor.id)
                           .order_by(_A.c.project_id)).scalars().all()


def add_access(session, flavor, project_id):
    """:raises FlavorAccessExists:"""
    try:
        with session.begin_nested():
            session.execute(_A.insert().values(flavor_id=flavor.id, project_id=project_id))
    except sa.exc.IntegrityError:
        raise exception.FlavorAccessExists(flavor_id=flavor.flavorid, project_id=project_id) from None


def remove_access(session, flavor, project_id):
    """:raises FlavorAccessNotFound:"""
    if not session.execute(_A.delete().where(_A.c.flavor_id == flavor.id,
                                             _A.c.project_id == project_id)).rowcount:
        raise exception.FlavorAccessNotFound(flavor_id=flavor.flavorid, project_id=project_id)
