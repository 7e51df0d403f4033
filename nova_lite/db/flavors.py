"""Flavors and the projects that may use private ones."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.db import damaged, patterns, rows, server_filters
from nova_lite.db.models.servers import Flavor, FlavorAccess

_FLAVORS, _ACCESS = Flavor.__table__, FlavorAccess.__table__
_SORT = {"created_at": _FLAVORS.c.created_at, "description": sa.func.coalesce(_FLAVORS.c.description, ""),
         "ephemeral_gb": _FLAVORS.c.ephemeral_gb, "flavorid": _FLAVORS.c.flavorid, "id": _FLAVORS.c.id,
         "is_public": _FLAVORS.c.is_public, "memory_mb": _FLAVORS.c.memory_mb, "name": _FLAVORS.c.name,
         "root_gb": _FLAVORS.c.root_gb, "rxtx_factor": _FLAVORS.c.rxtx_factor, "swap": _FLAVORS.c.swap_mb,
         "updated_at": sa.func.coalesce(_FLAVORS.c.updated_at, _FLAVORS.c.created_at), "vcpus": _FLAVORS.c.vcpus}


def _usable_by(project_id):
    allowed = sa.select(_ACCESS.c.flavor_id).where(_ACCESS.c.project_id == project_id)
    return sa.or_(_FLAVORS.c.is_public, _FLAVORS.c.id.in_(allowed))


def get(session, flavor_id, *, project_id=ALL, lock=False):
    """The flavor that the API calls ``flavor_id``.

    :param project_id: only if this project may use it; ALL: any.
    :param lock: nobody else can lock it until this transaction ends.
    :raises FlavorNotFound:
    """
    statement = sa.select(_FLAVORS).where(_FLAVORS.c.flavorid == str(flavor_id))
    if project_id is not ALL:
        statement = statement.where(_usable_by(project_id))
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise exceptions.FlavorNotFound(flavor_id=flavor_id)
    return row


def number(session, flavor_id):
    """The number of the flavor that the API calls ``flavor_id``; None where it is deleted."""
    return session.execute(sa.select(_FLAVORS.c.id).where(_FLAVORS.c.flavorid == flavor_id)).scalar_one_or_none()


def find(session, *, private=False, project_id=ALL, minimum_ram=None, minimum_disk=None, name=None,
         sort_key="flavorid", sort_dir="asc", limit=1000, marker=None):
    """A page of flavors.

    :param private: only those that are not public.
    :param project_id: only what this project may use; ALL: any.
    :param name: a regular expression.
    :raises MarkerNotFound: ``marker`` is no flavor's id.
    :raises BadRequest: the regular expression is refused, or matching takes too long.
    """
    conditions = []
    if private:
        conditions.append(_FLAVORS.c.is_public.is_(False))
    if project_id is not ALL:
        conditions.append(_usable_by(project_id))
    if minimum_ram is not None:
        conditions.append(_FLAVORS.c.memory_mb >= minimum_ram)
    if minimum_disk is not None:
        conditions.append(_FLAVORS.c.root_gb >= minimum_disk)
    if name is not None:
        conditions.append(server_filters.matches(_FLAVORS.c.name, name))
    expression = _SORT.get(sort_key, _FLAVORS.c.flavorid)
    if marker is not None:
        conditions.append(_after(session, expression, sort_dir, marker))
    ordered = (expression.desc(), _FLAVORS.c.id.desc()) if sort_dir == "desc" else (expression, _FLAVORS.c.id)
    statement = sa.select(_FLAVORS).order_by(*ordered)
    return patterns.page(session, statement, _FLAVORS.c.id, conditions, limit, _read) if limit else []


def _read(session, statement):
    return damaged.read(session, statement, damaged.stand_ins({"extra_specs": {}}))


def _after(session, expression, sort_dir, marker):
    found = session.execute(sa.select(expression, _FLAVORS.c.id).where(_FLAVORS.c.flavorid == marker)).one_or_none()
    if found is None:
        raise exceptions.MarkerNotFound(marker=marker)
    value, number = found
    if sort_dir == "desc":
        return sa.or_(expression < value, sa.and_(expression == value, _FLAVORS.c.id < number))
    return sa.or_(expression > value, sa.and_(expression == value, _FLAVORS.c.id > number))


def create(session, **values):
    """Insert and return the row.

    :raises FlavorExists, FlavorIdExists: another flavor has that name or id.
    """
    taken = sa.or_(_FLAVORS.c.name == values["name"], _FLAVORS.c.flavorid == values["flavorid"])
    found = session.execute(sa.select(_FLAVORS.c.name).where(taken)).scalars().all()
    if found:
        _refuse(values, values["name"] in found)
    with rows.attempt(session) as tried:
        session.execute(sa.insert(Flavor).values(**values))
    if tried.refused:
        _refuse(values, named=True)             # somebody was faster
    return get(session, values["flavorid"])


def _refuse(values, named):
    if named:
        raise exceptions.FlavorExists(name=values["name"])
    raise exceptions.FlavorIdExists(flavor_id=values["flavorid"])


def update(session, flavor_id, **values):
    """Change and return the row.  :raises FlavorNotFound:"""
    session.execute(sa.update(Flavor).where(Flavor.flavorid == str(flavor_id)).values(**values),
                    execution_options={"synchronize_session": False})
    return get(session, flavor_id)


def delete(session, flavor_id):
    """:raises FlavorNotFound:"""
    row = get(session, flavor_id)
    session.execute(_ACCESS.delete().where(_ACCESS.c.flavor_id == row.id))
    session.execute(_FLAVORS.delete().where(_FLAVORS.c.id == row.id))


def projects(session, flavor):
    """Ids of the projects that may use a private flavor."""
    return session.execute(sa.select(_ACCESS.c.project_id).where(_ACCESS.c.flavor_id == flavor.id)
                           .order_by(_ACCESS.c.project_id)).scalars().all()


def add_access(session, flavor, project_id):
    """:raises FlavorAccessExists:"""
    with rows.attempt(session) as tried:
        session.execute(_ACCESS.insert().values(flavor_id=flavor.id, project_id=project_id))
    if tried.refused:
        raise exceptions.FlavorAccessExists(flavor_id=flavor.flavorid, project_id=project_id)


def remove_access(session, flavor, project_id):
    """:raises FlavorAccessNotFound:"""
    if not session.execute(_ACCESS.delete().where(_ACCESS.c.flavor_id == flavor.id,
                                             _ACCESS.c.project_id == project_id)).rowcount:
        raise exceptions.FlavorAccessNotFound(flavor_id=flavor.flavorid, project_id=project_id)
