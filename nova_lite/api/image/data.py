"""/v2/images/{id}/file: the bytes of an image, in and out, never whole in memory."""

import re

from nova_lite.api.image.access import allow
from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.request import content_length
from nova_lite.common import exceptions
from nova_lite.image.api import FileStream

_BINARY = "application/octet-stream"
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class Data:
    """``images`` is the facade of image.api; ``identity`` says whether a token is still good when all data has come."""

    def __init__(self, images, identity):
        self._images = images
        self._identity = identity

    def upload(self, req, id):
        """204 when the data is inspected and on disk; else the image waits for data as before.  401, 403: the token, or
        what it is allowed, was taken away while the data came; that it expires meanwhile does no harm.
        """
        kind = req.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind != _BINARY:
            raise exceptions.UnsupportedMediaType(f"Invalid content type {kind}")
        image = self._images.show(req.context, id)
        allow(req.context, "upload_image", image)

        def confirm():
            allow(self._identity.confirm(req.environ["HTTP_X_AUTH_TOKEN"]), "upload_image", image)
        self._images.upload(req.context, id, req.stream, content_length(req.environ), confirm)
        return 204

    def download(self, req, id):
        """200 and the data; 206 and one range of it (RFC 9110, 14.2); 204 while there is none."""
        image = self._images.show(req.context, id)
        allow(req.context, "download_image", image)
        image, file = self._images.download(req.context, id)
        if file is None:
            return 204
        headers = [("Content-MD5", image.checksum)]
        try:
            start, length = _span(req.environ.get("HTTP_RANGE"), image.size)
        except exceptions.NovaLiteError:
            file.close()
            raise
        status = 200
        if "HTTP_RANGE" in req.environ:
            status = 206
            headers.append(("Content-Range", f"bytes {start}-{start + length - 1}/{image.size}"))
        headers.append(("Content-Length", str(length)))
        return Answer(status=status, headers=headers, app_iter=FileStream(file, start, length), content_type=_BINARY)


def _span(header, size):
    """(start, length) of what a Range header asks of ``size`` bytes; None asks for all.

    :raises BadRequest: several ranges.
    :raises RangeNotSatisfiable: outside, or not a range.
    """
    if header is None:
        return 0, size
    if "," in header:
        raise exceptions.BadRequest("Requests with multiple ranges are not supported. "
                                   "Make multiple single-range requests instead.")
    found = _RANGE.fullmatch(header.strip())
    if not found or header.strip() == "bytes=-":
        raise exceptions.RangeNotSatisfiable("Invalid Range header.")
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if not 0 <= start <= end:
        raise exceptions.RangeNotSatisfiable("Invalid start position in Range header. Start position MUST be in the "
                                            f"inclusive range [0, {size - 1}].")
    return start, end - start + 1
