"""RBAC policies: resources of one project that others may use."""

from nova_lite import db
from nova_lite.common import exceptions as common
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.network_sharing import RbacPolicy
from nova_lite.db.network import rows, sharing
from nova_lite.network import exceptions
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources.networks import Networks


class RbacPolicies(Resource):
    """Dicts as the columns of the model.

    :param kinds: {object_type: the Resource of what can be shared}.
    """

    resource = "rbac_policy"
    _query = staticmethod(sharing.policies)
    model = RbacPolicy

    def __init__(self, kinds):
        self._kinds = kinds

    @staticmethod
    def missing(policy_id):
        return exceptions.RbacPolicyNotFound(policy_id=policy_id)

    def _insert(self, session, context, values):
        """:param values: project_id, object_type, object_id, action, target_project.

        :raises InvalidInput, InvalidActionForType: there is no such type, resource or action, or the resource is
            another project's.
        :raises DuplicateRbacPolicy: one is equal.
        """
        kind = self._kinds.get(values["object_type"])
        if kind is None:
            raise exceptions.InvalidInput(detail=f"'{values['object_type']}' is not a valid RBAC object type.")
        known = sharing.ACTIONS.get(values["object_type"], (sharing.SHARED,))
        if values["action"] not in known:
            raise exceptions.InvalidActionForType(action=values["action"], object_type=values["object_type"],
                                                  known=known)
        rows.lock(session, kind.model, values["object_id"])
        found = self._own(context, kind, values["object_id"])
        if values["action"] == sharing.SHARED:
            kind.check_shared(found, values["target_project"])
        else:
            kind.check_external_served(True)
        values = {"id": new_id(), **values}
        if not sharing.try_policy(session, values):
            raise exceptions.DuplicateRbacPolicy
        self._revise(session, values)
        return values["id"]

    @staticmethod
    def _own(context, kind, object_id):
        """The resource, which the caller may share."""
        try:
            found = kind.get(context, object_id)
        except common.NotFound as error:
            raise exceptions.InvalidInput(detail=str(error)) from error
        if not context.is_admin and found["project_id"] != context.project_id:
            raise exceptions.InvalidInput(detail="Only admins can manipulate policies on objects they do not own.")
        return found

    def update(self, context, policy, values, revision=None):
        """:raises RbacPolicyInUse: the target uses the resource.  :raises DuplicateRbacPolicy: one is equal."""
        with db.writer() as session:
            found = self._held(session, policy, revision)
            target = values.get("target_project", found["target_project"])
            if target != found["target_project"]:
                if target != sharing.EVERYONE:
                    self._check_unused(found, target)
                if not sharing.try_target(session, found["id"], target):
                    raise exceptions.DuplicateRbacPolicy
                self._revise(session, found)
            return self.load(ALL, found["id"])

    def delete(self, context, policy, revision=None):
        """:raises RbacPolicyInUse: the target uses the resource."""
        with db.writer() as session:
            found = self._held(session, policy, revision)
            self._check_unused(found)
            rows.try_delete(session, RbacPolicy, found["id"])
            self._revise(session, found)

    def _held(self, session, policy, revision):
        """The policy, locked until the transaction ends, after its resource."""
        rows.lock(session, self._kinds[policy["object_type"]].model, policy["object_id"])
        return self.hold(policy["id"], revision)

    def _revise(self, session, policy):
        """Of what can be shared, networks are new by it."""
        if policy["object_type"] == Networks.resource:
            rows.raise_revision(session, Networks.model, policy["object_id"])

    def _check_unused(self, policy, *others):
        """Or that those who use an external network are ``others`` (ids of projects), for which it will be external."""
        kind = self._kinds[policy["object_type"]]
        shared = kind.load(ALL, policy["object_id"])
        try:
            if policy["action"] == sharing.SHARED:
                kind.check_unshared(shared, policy["target_project"])
            else:
                kind.check_not_external(shared, policy["target_project"], *others)
        except exceptions.RbacPolicyInUse:
            raise
        except common.Conflict as error:
            raise exceptions.RbacPolicyInUse(object_id=policy["object_id"], details=error) from error
