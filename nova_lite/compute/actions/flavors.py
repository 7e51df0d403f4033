"""Flavors and their extra specs, and which projects may use private ones."""

import uuid

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import flavors


class Flavors:
    """Users see public flavors and the private ones of their project; administrators see all."""

    def get(self, context, flavor_id):
        """:raises FlavorNotFound: there is none, or it is private and not for the caller's project."""
        with db.reader() as session:
            return flavors.get(session, flavor_id, project_id=context.visible_project)

    def list(self, context, *, public, **page):
        """:param public: True (what the caller's project may use), False (private ones) or None (all); only
            administrators may ask for other than True.
        :param page: see ``db.flavors.find``.
        """
        with db.reader() as session:
            if context.is_admin and not public:
                return flavors.find(session, private=public is False, **page)
            return flavors.find(session, project_id=context.own_project, **page)

    def create(self, context, values):
        """:param values: columns; ``flavorid`` None: a new UUID.

        :raises FlavorExists, FlavorIdExists:
        """
        with db.writer() as session:
            return flavors.create(session, **{**values, "flavorid": values["flavorid"] or str(uuid.uuid4())})

    def describe(self, context, flavor_id, description):
        """:raises FlavorNotFound:"""
        with db.writer() as session:
            return flavors.update(session, flavor_id, description=description)

    def delete(self, context, flavor_id):
        """Servers made from it keep it as it was.  :raises FlavorNotFound:"""
        with db.writer() as session:
            flavors.delete(session, flavor_id)

    def set_specs(self, context, flavor_id, specs):
        """Add or change extra specs.  :raises FlavorNotFound:"""
        with db.writer() as session:
            row = flavors.get(session, flavor_id, lock=True)
            flavors.update(session, flavor_id, extra_specs={**row.extra_specs, **specs})

    def remove_spec(self, context, flavor_id, key):
        """:raises FlavorNotFound, ExtraSpecNotFound:"""
        with db.writer() as session:
            row = flavors.get(session, flavor_id, lock=True)
            if key not in row.extra_specs:
                raise exceptions.ExtraSpecNotFound(flavor_id=flavor_id, key=key)
            kept = {name: value for name, value in row.extra_specs.items() if name != key}
            flavors.update(session, flavor_id, extra_specs=kept)

    def projects(self, context, flavor):
        """Ids of the projects that may use a private flavor."""
        with db.reader() as session:
            return flavors.projects(session, flavor)

    def allow(self, context, flavor, project_id):
        """Return the projects that may use it now.  :raises FlavorAccessExists:"""
        with db.writer() as session:
            flavors.add_access(session, flavor, project_id)
            return flavors.projects(session, flavor)

    def disallow(self, context, flavor, project_id):
        """Return the projects that may use it now.  :raises FlavorAccessNotFound:"""
        with db.writer() as session:
            flavors.remove_access(session, flavor, project_id)
            return flavors.projects(session, flavor)
