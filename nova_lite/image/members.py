"""Whom a shared image is shared with."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import images


class Members:
    """``show(context, image_id)`` finds an image that the caller may see."""

    def __init__(self, show):
        self._show = show

    def image(self, context, image_id, doing):
        """The shared image whose members the caller asks for.

        :param doing: "list members", for the refusal's words.
        """
        try:
            image = self._show(context, image_id)
        except exceptions.ImageNotFound:
            raise exceptions.ImageNotFound(f"Image {image_id} not found.", image_id=image_id) from None
        if image.visibility != "shared":
            raise exceptions.Forbidden(f"Not allowed to {doing} for image {image_id}: Only shared images have members.")
        return image

    def list(self, image):
        with db.reader() as s:
            return images.members(s, image.id)

    def show(self, image, member_id):
        """:raises NotFound: the image is not shared with that project."""
        with db.reader() as s:
            found = images.member(s, image.id, member_id)
        if found is None:
            raise _no_member(image, member_id)
        return found

    def add(self, image, member_id):
        """:raises Conflict: it is shared with that project already.

        :raises TooLarge: it is shared with as many as allowed.
        """
        limit = CONF.image.max_members
        with db.writer() as s:
            images.get(s, image.id, lock=True)          # two who count at once would both see the last free place
            if 0 <= limit <= len(images.members(s, image.id)):
                raise exceptions.TooLarge("The limit has been exceeded on the number of allowed image members for "
                                         f"this image. Attempted: {limit + 1}, Maximum: {limit}")
            images.add_member(s, image.id, member_id)
            return images.member(s, image.id, member_id)

    def set(self, image, member_id, status):
        """``status``: accepted, rejected or pending."""
        with db.writer() as s:
            images.set_member(s, image.id, member_id, status)
            return images.member(s, image.id, member_id)

    def remove(self, image, member_id):
        with db.writer() as s:
            if not images.remove_member(s, image.id, member_id):
                raise _no_member(image, member_id)


def _no_member(image, member_id):
    return exceptions.NotFound(f"{member_id} not found in the member list of the image {image.id}.")
