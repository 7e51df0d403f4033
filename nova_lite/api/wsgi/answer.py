"""What a controller returns when a dict (200 and JSON) or an int (a status without a body) does not say enough."""

import orjson


class Answer:
    """An HTTP answer.

    :param body: a dict or list (sent as JSON), bytes or str (sent as they are), or None.
    :param headers: pairs of str.
    :param app_iter: an iterable of bytes to stream instead of ``body``; its ``close()`` is called by the server.
    :param content_type: None means application/json.
    """

    __slots__ = ("app_iter", "body", "content_type", "headers", "status")

    def __init__(self, body=None, status=200, headers=(), app_iter=None, content_type=None):
        self.body = body
        self.status = status
        self.headers = headers
        self.app_iter = app_iter
        self.content_type = content_type


def of(result):
    """The Answer that a controller's ``result`` (dict, list, int, None or Answer) stands for."""
    if isinstance(result, Answer):
        return result
    if isinstance(result, int):
        return Answer(status=result)
    return Answer(result)


def encode(answer):
    """``(bytes or None for a stream, content type or None)``."""
    body = answer.body
    if answer.app_iter is not None:
        return None, answer.content_type or "application/octet-stream"
    if body is None:
        return b"", answer.content_type or ("application/json" if answer.status != 200 else None)
    if isinstance(body, bytes):
        return body, answer.content_type or "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), answer.content_type or "text/plain; charset=UTF-8"
    return orjson.dumps(body), answer.content_type or "application/json"
