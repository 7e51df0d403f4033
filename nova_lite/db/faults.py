"""What is shown of a server that broke: the one place that makes its ``fault``."""

from nova_lite.db.base import now


def fault(code, message, details=None):
    """As the API shows it.  :param code: an HTTP status.  :param details: for administrators; None: nothing."""
    return {"code": code, "message": message, "details": details, "created": now().strftime("%Y-%m-%dT%H:%M:%SZ")}
