"""What a controller returns when a dict (200 and JSON) or an int (a status without a body) does not say enough."""

import orjson


class Answer:
    """An HTTP answer.

    :param body: a dict or list (sent as JSON), bytes or str (sent as they are), or None.
    :param headers: pairs of str.
    :param app_iter: an iterable of bytes to stream instead of ``body``; its ``close()`` is called by the server.
    :param content_type: None means application/json.  What has no content is sent without one.
    """

    __slots__ = ("app_iter", "body", "content_type", "headers", "status")

    def __init__(self, body=None, status=200, headers=(), app_iter=None, content_type=None):
        self.body = body
        self.status = status
        self.headers = headers
        self.app_iter = app_iter
        self.content_type = content_type


class Later:
    """An answer that is known when an operation has ended, or its request has waited for long enough.

    A controller that returns one has started the operation, and waits for nothing within its unit of work.
    :param operation_id: the operation's.  :param outcome: callable() that waits, and returns what a controller may.
    """

    __slots__ = ("_outcome", "operation_id")

    def __init__(self, operation_id, outcome):
        self.operation_id = operation_id
        self._outcome = outcome

    def answer(self):
        """The Answer; raises what a controller may."""
        return of(self._outcome())


def of(result):
    """The Answer, or Later, that a controller's ``result`` (dict, list, int, None or one of these) stands for."""
    if isinstance(result, Answer | Later):
        return result
    if isinstance(result, int):
        return Answer(status=result)
    return Answer(result)


def encode(answer):
    """``(bytes or None for a stream, content type or None)``; no content has no type (RFC 9110, 8.3)."""
    body = answer.body
    if answer.app_iter is not None:
        return None, answer.content_type or "application/octet-stream"
    if not body and not isinstance(body, dict | list):
        return b"", None
    if isinstance(body, bytes):
        return body, answer.content_type or "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), answer.content_type or "text/plain; charset=UTF-8"
    return orjson.dumps(body), answer.content_type or "application/json"
