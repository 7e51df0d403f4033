"""/v2/images/{id}/file: the bytes of an image, in and out, never whole in memory."""

import re

from nova_lite.api.image.access import allow
from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.request import content_length
from nova_lite.common import exception
from nova_lite.image.api import FileStream

_BINARY = "application/octet-stream"
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class Data:
    """``door`` is image.api's."""

    def __init__(self, door):
        self._door = door

    def upload(self, req, id):
        """204 when the data is judged and on disk; else the image waits for data as before."""
        kind = req.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind != _BINARY:
            raise exception.UnsupportedMediaType(f"Invalid content type {kind}")
        image = self._door.show(req.context, id)
        allow(req.context, "upload_image", image)
        self._door.upload(req.context, id, req.body_file_raw, content_length(req.environ))
        return 204

    def download(self, req, id):
        """200 and the data; 206 and one range of it (RFC 9110, 14.2); 204 while there is none."""
        image = self._door.show(req.context, id)
        allow(req.context, "download_image", image)
        image, file = self._door.download(req.context, id)
        if file is None:
            return 204
        headers = [("Content-MD5", image.checksum)]
        try:
            start, length = _span(req.environ.get("HTTP_RANGE"), image.size)
        except exception.NovaLiteError:
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
        raise exception.BadRequest("Requests with multiple ranges are not supported. "
                                   "Make multiple single-range requests instead.")
    found = _RANGE.fullmatch(header.strip())
    if not found or header.strip() == "bytes=-":
        raise exception.RangeNotSatisfiable("Invalid Range header.")
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if not 0 <= start <= end:
        raise exception.RangeNotSatisfiable("Invalid start position in Range header. Start position MUST be in the "
                                            f"inclusive range [0, {size - 1}].")
    return start, end - start + 1
