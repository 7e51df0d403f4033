"""How many images and bytes a project may keep, by Glance's names: counted in the transaction that takes them."""

from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import images, quotas

_MIB = 1 << 20
COUNT, SIZE, UPLOADING = "image_count_total", "image_size_total", "image_count_uploading"
_WORDS = ("The request returned a 413 Request Entity Too Large. This generally means that rate limiting or a quota "
          "threshold was breached.\n\nThe response body:\nProject {} is over a limit for "
          "[Resource {} is over limit of {} due to current usage {} and delta {}]")


def usage(session, project_id):
    """{name: {"limit", "usage"}}; sizes in MiB, -1 means no limit."""
    used = images.usage(session, project_id)
    amounts = {COUNT: used.count, SIZE: used.size // _MIB, UPLOADING: used.uploading}
    return {name: {"limit": _limit(name), "usage": amount} for name, amount in amounts.items()}


def take_image(session, project_id):
    """Lock the project's quota, for one more image.

    :param project_id: None for an image of nobody's, which counts nowhere.
    :raises TooLarge: it has as many as it may.
    """
    if project_id is None:
        return
    quotas.lock(session, project_id)
    _check(project_id, COUNT, images.usage(session, project_id).count, 1)


def take_upload(session, project_id, size):
    """Lock the project's quota, for one more upload; bytes that may come of it, None for any number.

    :param size: bytes that will come, 0 where nobody said.
    :raises TooLarge: it has as many uploads or bytes as it may.
    """
    if project_id is None:
        return None
    quotas.lock(session, project_id)
    used = images.usage(session, project_id)
    _check(project_id, UPLOADING, used.uploading, 1)
    _check_size(project_id, used.size, size)
    return None if _limit(SIZE) < 0 else _limit(SIZE) * _MIB - used.size


def take_bytes(session, project_id, size):
    """Lock the project's quota, for ``size`` bytes that came.  :raises TooLarge: others came meanwhile."""
    if project_id is not None:
        quotas.lock(session, project_id)
        _check_size(project_id, images.usage(session, project_id).size, size)


def too_many_bytes(project_id, used, more):
    """The refusal of an upload that became too large while it came; both in bytes."""
    return _over(project_id, SIZE, used // _MIB, -(-more // _MIB))


def _check_size(project_id, used, more):
    """A limit is reached when nothing more is left of it."""
    limit = _limit(SIZE)
    if limit >= 0 and (used + more > limit * _MIB or used >= limit * _MIB):
        raise too_many_bytes(project_id, used, more)


def _check(project_id, name, used, more):
    if 0 <= _limit(name) < used + more:
        raise _over(project_id, name, used, more)


def _over(project_id, name, used, more):
    return exceptions.TooLarge(_WORDS.format(project_id, name, _limit(name), used, more))


def _limit(name):
    return CONF.image[f"quota_{name}"]
