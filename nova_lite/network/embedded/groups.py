"""Security groups and their rules."""

from nova_lite import db
from nova_lite.db import networks as queries
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import SecurityGroup, SecurityGroupRule
from nova_lite.network import exceptions
from nova_lite.network.embedded import rules, summary
from nova_lite.network.embedded.room import Room, eyes

DEFAULT = "default"


class SecurityGroups(Room):
    """Dicts as the columns of the model, and ``rules``: dicts."""

    resource = "security_group"
    query = staticmethod(queries.groups)
    model = SecurityGroup

    @staticmethod
    def missing(group_id):
        return exceptions.SecurityGroupNotFound(group_id=group_id)

    def list(self, context, ask):
        """As every list; a project that looks for the first time finds its default group.

        Who asks for groups by their ids knows them, and is answered without a write.
        """
        if context.project_id is not None and "id" not in ask.filters:
            self._look(context.project_id)
        return super().list(context, ask)

    @staticmethod
    def _look(project_id):
        with db.reader() as session:
            known = queries.default_group(session, project_id)
        if known is None:
            with db.writer() as session:
                ensure_default(session, project_id)

    def create(self, context, values):
        """:param values: project_id, name, description."""
        if values.get("name") == DEFAULT:
            self._look(values["project_id"])
            raise exceptions.SecurityGroupDefaultAlreadyExists
        with db.writer() as session:
            self.check_quota(session, values["project_id"])
            values = {"id": new_id(), **values}
            queries.insert(session, SecurityGroup, values)
            for each in rules.at_birth(values["project_id"], values["id"], default=False):
                queries.insert(session, SecurityGroupRule, {"id": new_id(), **each})
            return self.load(session, None, values["id"])

    def update(self, context, group, values):
        """A new name shows in the servers of the group at once."""
        renamed, changed = values.get("name", group["name"]) != group["name"], None
        while changed is None:
            with db.writer() as session:
                if renamed and queries.default_group(session, group["project_id"]) == group["id"]:
                    raise exceptions.SecurityGroupCannotUpdateDefault
                shown_by = () if not renamed else summary.shown_by(session, SecurityGroup, group["id"],
                                                                   group_id=group["id"])
                if shown_by is not None:
                    queries.update(session, SecurityGroup, group["id"], values)
                    for server_id in shown_by:
                        summary.write(session, server_id)
                    changed = self.load(session, None, group["id"])
        return changed

    def delete(self, context, group):
        """:raises SecurityGroupInUse: a port is in it.  :raises SecurityGroupCannotRemoveDefault: only an admin may."""
        with db.writer() as session:
            if not context.is_admin and queries.default_group(session, group["project_id"]) == group["id"]:
                raise exceptions.SecurityGroupCannotRemoveDefault
            if (queries.ports_on(session, group_id=group["id"])
                    or not queries.try_delete(session, SecurityGroup, group["id"])):
                raise exceptions.SecurityGroupInUse(group_id=group["id"])


class SecurityGroupRules(Room):
    """Dicts as the columns of the model."""

    resource = "security_group_rule"
    query = staticmethod(queries.rules)
    model = SecurityGroupRule

    def __init__(self, security_groups):
        self._groups = security_groups

    @staticmethod
    def missing(rule_id):
        return exceptions.SecurityGroupRuleNotFound(rule_id=rule_id)

    def create(self, context, values):
        """A rule of a group that ``context`` sees.

        :raises SecurityGroupNotFound: the group, or remote_group_id.  :raises SecurityGroupRuleExists: it says nothing
            new.  :raises BadRequest: what it says does not fit together.
        """
        values = rules.checked(values)
        with db.writer() as session:
            group = self._groups.load(session, eyes(context), values["security_group_id"])
            if values["remote_group_id"] is not None:
                self._groups.load(session, eyes(context), values["remote_group_id"])
            for each in group["rules"]:
                if all(each[name] == values[name] for name in rules.SAME):
                    raise exceptions.SecurityGroupRuleExists(rule_id=each["id"])
            values = {"id": new_id(), **values, "project_id": group["project_id"]}
            self.check_quota(session, values["project_id"])
            queries.insert(session, SecurityGroupRule, values)
            return self.load(session, None, values["id"])

    def delete(self, context, rule):
        with db.writer() as session:
            queries.try_delete(session, SecurityGroupRule, rule["id"])


def ensure_default(session, project_id):
    """The id of the project's default group, made when it is first needed."""
    found = queries.default_group(session, project_id)
    if found is not None:
        return found
    group = {"id": new_id(), "project_id": project_id, "name": DEFAULT, "description": "Default security group"}
    first = [{"id": new_id(), **each} for each in rules.at_birth(project_id, group["id"], default=True)]
    if queries.try_default_group(session, group, first):
        return group["id"]
    return queries.default_group(session, project_id)


def named(session, project_id, name):
    """The id of the project's group with this name or id; "default" is made when it is missing.

    :raises RequestedGroupNotFound:  :raises RequestedGroupAmbiguous: in Nova's words.
    """
    if name == DEFAULT:
        return ensure_default(session, project_id)
    for column in ("id", "name"):
        found = queries.groups(session, project_id, queries.Page({column: [name]}))
        if len(found) > 1:
            raise exceptions.RequestedGroupAmbiguous(name=name)
        if found:
            return found[0]["id"]
    raise exceptions.RequestedGroupNotFound(name=name)


