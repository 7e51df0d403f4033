"""Security groups and their rules."""

import collections

from nova_lite import db
from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import SecurityGroup, SecurityGroupRule
from nova_lite.db.network import default_security_group_rules as template_queries
from nova_lite.db.network import group_scopes, paging, rows, sharing
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import security_groups as group_queries
from nova_lite.network import exceptions
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources import security_group_rules
from nova_lite.network.embedded.served import check_capable
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.embedded.sharing import users_without
from nova_lite.network.planes.capabilities import Capability

DEFAULT = "default"
_LONGEST_PROJECT = SecurityGroup.__table__.c.project_id.type.length       # characters; no project's id has more


class SecurityGroups(Resource):
    """Dicts as the columns of the model, and ``rules``: dicts."""

    resource = "security_group"
    _query = staticmethod(group_queries.groups)
    model = SecurityGroup

    def __init__(self, address_groups, changes):
        self._rules = SecurityGroupRules(self, address_groups, changes)
        self._changes = changes

    @staticmethod
    def missing(group_id):
        return exceptions.SecurityGroupNotFound(group_id=group_id)

    def list(self, context, ask):
        """As of Resource; the first list of a project's groups creates its default group: that of the caller's, or of
        the one that an administrator names.

        A list of groups by their ids does not, since the caller knows them.
        """
        if context.project_id is not None and "id" not in ask.filters:
            named = ask.filters.get("project_id") if context.is_admin else None
            self._look(named[0] if named else context.project_id)
        return super().list(context, ask)

    @staticmethod
    def _look(project_id):
        if not 0 < len(project_id) <= _LONGEST_PROJECT:
            return
        with db.reader() as session:
            known = group_queries.default_group(session, project_id)
        if known is None:
            with db.writer() as session:
                ensure_default(session, project_id)

    def _before(self, session, context, several, revision):
        """Refuse the name "default", which the group has that every project gets, and rules beyond the quota."""
        if any(_is_default(each.get("name", "")) for each in several):
            raise exceptions.SecurityGroupDefaultAlreadyExists
        number = len(template_queries.first_rules(session, default=False))
        self._rules.check_quota(collections.Counter(each["project_id"] for each in several for _ in range(number)))

    def _before_count(self, session, project_id):
        """Create the project's default group, which counts against the quota."""
        ensure_default(session, project_id)

    def _insert(self, session, context, values):
        """:param values: project_id, name, description, stateful, tags."""
        check_stateless(values)
        values = {"id": new_id(), **values}
        rows.insert(session, SecurityGroup, values)
        for each in security_group_rules.of_templates(template_queries.first_rules(session, default=False),
                                                      values["project_id"], values["id"]):
            rows.insert(session, SecurityGroupRule, each)
        group_scopes.changed(session, values["id"])
        return values["id"]

    def update(self, context, group, values, revision=None):
        """Change a group; its servers show a new name at once.

        :raises SecurityGroupDefaultAlreadyExists: it would be "default".
        :raises SecurityGroupInUse: a port is in it, and it would be stateful or stateless from now on.
        """
        check_stateless(values)
        if _is_default(values.get("name", "")):
            raise exceptions.SecurityGroupDefaultAlreadyExists
        renamed, changed = values.get("name", group["name"]) != group["name"], None
        while changed is None:
            with db.writer() as session:
                if renamed and group_queries.default_group(session, group["project_id"]) == group["id"]:
                    raise exceptions.SecurityGroupCannotUpdateDefault
                shown_by = () if not renamed else info_cache.shown_by(session, SecurityGroup, group["id"],
                                                                   group_id=group["id"])
                if shown_by is not None:
                    found = self.hold(group["id"], revision)
                    self._switch(session, found, values)
                    self.write(found, values)
                    for server_id in shown_by:
                        info_cache.push(session, server_id)
                    changed = self.load(ALL, group["id"], context.own_project)
        return changed

    def _switch(self, session, group, values):
        """Make a locked group stateful or stateless, if ``values`` say so.  :raises SecurityGroupInUse:"""
        if values.get("stateful", group["stateful"]) != group["stateful"]:
            if port_queries.ports_on(session, group_id=group["id"]):
                raise exceptions.SecurityGroupInUse(group_id=group["id"])
            group_scopes.changed(session, group["id"])
            self._changes.groups(session)

    def delete(self, context, group, revision=None):
        """Rules of other groups that name it go with it.

        :raises SecurityGroupInUse: a port is in it.  :raises SecurityGroupCannotRemoveDefault: only an admin may.
        """
        with db.writer() as session:
            for each in sorted({group["id"], *group_scopes.naming(session, group["id"])}):
                rows.lock(session, SecurityGroup, each)
            self.hold(group["id"], revision)
            if not context.is_admin and group_queries.default_group(session, group["project_id"]) == group["id"]:
                raise exceptions.SecurityGroupCannotRemoveDefault
            naming = group_scopes.naming(session, group["id"])
            if port_queries.ports_on(session, group_id=group["id"]) or not self.remove(group["id"]):
                raise exceptions.SecurityGroupInUse(group_id=group["id"])
            for each in naming:
                rows.raise_revision(session, SecurityGroup, each)
                group_scopes.changed(session, each)
            group_scopes.gone(session, group["id"])
            self._changes.groups(session)

    @staticmethod
    def check_unshared(group, target):
        """:raises SecurityGroupInUse: projects use a group that may not once it is not shared with ``target``."""
        with db.reader() as session:
            if users_without(session, group, target, sharing.group_users(session, group["id"])):
                raise exceptions.SecurityGroupInUse(group_id=group["id"])


class SecurityGroupRules(Resource):
    """Dicts as the columns of the model."""

    resource = "security_group_rule"
    _query = staticmethod(group_queries.rules)
    model = SecurityGroupRule

    def __init__(self, security_groups, address_groups, changes):
        self._groups = security_groups
        self._address_groups = address_groups
        self._changes = changes

    @staticmethod
    def missing(rule_id):
        return exceptions.SecurityGroupRuleNotFound(rule_id=rule_id)

    def _before(self, session, context, several, revision):
        """Lock the rules' group until this transaction ends, so that no other writes the same rule meanwhile."""
        groups = {each["security_group_id"] for each in several}
        if len(groups) > 1:
            raise exceptions.SecurityGroupNotSingleGroupRules
        for group_id in groups:
            self._groups.load(context.visible_project, group_id)
            self._groups.hold(group_id, revision)
        said = [security_group_rules.same(security_group_rules.checked(each)) for each in several]
        if len(set(said)) < len(said):
            raise exceptions.DuplicateSecurityGroupRuleInPost

    def _insert(self, session, context, values):
        """A rule of a group that ``context`` sees.

        :raises SecurityGroupNotFound, AddressGroupNotFound: the group, or one that the rule names.
        :raises SecurityGroupRuleExists: it says nothing new.  :raises BadRequest: what it says does not fit together.
        """
        values = security_group_rules.checked(values)
        group = self._groups.load(context.visible_project, values["security_group_id"])
        if values["remote_group_id"] is not None:
            self._groups.load(context.visible_project, values["remote_group_id"])
        if values["remote_address_group_id"] is not None:
            self._address_groups.get(context, values["remote_address_group_id"])
        for each in group["rules"]:
            if security_group_rules.same(each) == security_group_rules.same(values):
                raise exceptions.SecurityGroupRuleExists(rule_id=each["id"])
        values = {"id": new_id(), **values, "project_id": group["project_id"]}
        rows.raise_revision(session, SecurityGroup, group["id"])
        rows.insert(session, SecurityGroupRule, values)
        self._changed(session, group["id"])
        return values["id"]

    def _changed(self, session, group_id):
        group_scopes.changed(session, group_id)
        self._changes.groups(session)

    def delete(self, context, rule, revision=None):
        with db.writer() as session:
            rows.lock(session, SecurityGroup, rule["security_group_id"])
            self.hold(rule["id"], revision)
            rows.raise_revision(session, SecurityGroup, rule["security_group_id"])
            rows.try_delete(session, SecurityGroupRule, rule["id"])
            self._changed(session, rule["security_group_id"])


def check_stateless(values):
    """:raises InvalidInput: a group (what a client says of it) is to be stateless, and hosts let replies through."""
    if values.get("stateful") is False:
        check_capable(Capability.STATELESS_GROUPS, "have no stateless security groups: leave stateful True")


def check_mixed(session, group_ids):
    """:raises SecurityGroupConflict: some of a port's groups are stateful and others are not."""
    if len(group_ids) > 1 and len(group_queries.states(session, group_ids)) > 1:
        raise exceptions.SecurityGroupConflict(
            reason="Cannot apply both stateful and stateless security groups on the same port at the same time")


def _is_default(name):
    return name.lower() == DEFAULT


def ensure_default(session, project_id):
    """The id of the project's default group, made when it is first needed."""
    found = group_queries.default_group(session, project_id)
    if found is not None:
        return found
    group = {"id": new_id(), "project_id": project_id, "name": DEFAULT, "description": "Default security group"}
    first = security_group_rules.of_templates(template_queries.first_rules(session, default=True), project_id,
                                              group["id"])
    if group_queries.try_default_group(session, group, first):
        return group["id"]
    return group_queries.default_group(session, project_id)


def named(session, project_id, name):
    """The id of the project's group with this name or id; "default" is made when it is missing.

    :param project_id: NO_PROJECT has no groups, and gets none.
    :raises RequestedGroupNotFound:  :raises RequestedGroupAmbiguous: in Nova's words.
    """
    if name == DEFAULT and project_id != NO_PROJECT:
        return ensure_default(session, project_id)
    for column in ("id", "name"):
        found = group_queries.groups(session, project_id, paging.Page({column: [name]}))
        if len(found) > 1:
            raise exceptions.RequestedGroupAmbiguous(name=name)
        if found:
            return found[0]["id"]
    raise exceptions.RequestedGroupNotFound(name=name)


