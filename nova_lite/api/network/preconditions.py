"""``If-Match: revision_number=N``: what a client wants changed is changed only as it knows it."""

from nova_lite.common import exceptions, integers

_NAME = "revision_number="


def revision(req):
    """The revision that the resource of a request must have, or the parent of a new one; None: any.

    :raises BadRequest: it is no number, or there are several.
    :raises PreconditionFailed: the header wants something else than a revision, which nothing here has.
    """
    wanted = [each.strip().removeprefix("W/").strip('"') for each in req.headers.get("If-Match", "").split(",")]
    wanted = [each for each in wanted if each not in ("", "*")]
    found = [each.removeprefix(_NAME) for each in wanted if each.startswith(_NAME)]
    if len(found) < len(wanted):
        raise exceptions.PreconditionFailed(f"If-Match knows {_NAME}<int> only.")
    if len(found) > 1:
        raise exceptions.BadRequest("Multiple revision_number etags are not supported.")
    try:
        return integers.within(found[0]) if found else None
    except ValueError:
        raise exceptions.BadRequest(f"Revision number etag must be in the format of {_NAME}<int>") from None


def no_revision(req):
    """For what has no revision before it is made.  :raises BadRequest: the request wants one."""
    if revision(req) is not None:
        raise exceptions.BadRequest("If-Match with a revision number is for what is there already.")
