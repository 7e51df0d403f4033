"""The policy question as Glance asks it, and its words when the answer is no."""

from nova_lite.common import exceptions


def allow(context, rule, image=None, member_id=None):
    """Ask whether this identity may do ``rule`` to ``image`` (a row; None: to one of its own that is not there yet).

    :raises ImageNotFound: it may not, nor see the image.
    :raises PolicyNotAuthorized: it may only see it.
    """
    if context.may(rule, _target(context, image, member_id)):
        return
    if image is not None and (rule == "get_image" or not context.may("get_image", _target(context, image))):
        raise exceptions.ImageNotFound(f"No image found with ID {image.id}", image_id=image.id)
    raise exceptions.PolicyNotAuthorized(f"You are not authorized to complete {rule} action.", action=rule)


def _target(context, image, member_id=None):
    project_id = context.project_id if image is None else image.project_id
    return {"project_id": project_id, "owner": project_id, "user_id": context.user_id, "member_id": member_id,
            "visibility": "private" if image is None else image.visibility}


#: What a visibility needs besides the right to create or change the image.
_VISIBILITY = {"public": "publicize_image", "community": "communitize_image"}


def allow_visibility(context, visibility, image=None):
    """Ask whether this identity may make an image so visible; raises as ``allow``."""
    if visibility in _VISIBILITY:
        allow(context, _VISIBILITY[visibility], image)
