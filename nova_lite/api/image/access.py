"""The policy question as Glance asks it, and its words when the answer is no."""

from nova_lite.common import exception


def allow(context, rule, image=None, member_id=None):
    """:raises PolicyNotAuthorized: this identity may not do ``rule`` to ``image`` (a row; None: the caller's own)."""
    project_id = context.project_id if image is None else image.project_id
    target = {"project_id": project_id, "owner": project_id, "user_id": context.user_id, "member_id": member_id,
              "visibility": "private" if image is None else image.visibility}
    if not context.may(rule, target):
        raise exception.PolicyNotAuthorized(f"You are not authorized to complete {rule} action.", action=rule)


#: What a visibility needs besides the right to create or change the image.
_VISIBILITY = {"public": "publicize_image", "community": "communitize_image"}


def allow_visibility(context, visibility, image=None):
    """:raises PolicyNotAuthorized: this identity may not make an image so visible."""
    if visibility in _VISIBILITY:
        allow(context, _VISIBILITY[visibility], image)
