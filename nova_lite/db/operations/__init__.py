"""Operations: begin, lease, journal, finish, cancel - each a compare-and-swap, so that of two racing callers one wins.

``attempt`` is the fencing token: it grows with each lease and each cancellation, and every write of a worker names the
attempt it was given.  A worker whose attempt is no longer the present one gets Fenced and must stop.
"""

from nova_lite.db.operations.claim import begin, cancel_open, check, record, record_ended, refusal
from nova_lite.db.operations.lease import abandon, finish, hand_over, journal, lease, renew, set_idle, wait
from nova_lite.db.operations.open_arguments import args_of
from nova_lite.db.operations.queue import due, give_up, notified, overdue, release
from nova_lite.db.operations.read import Row, get, get_without_json, held, lost_builds, of_server, running
from nova_lite.db.operations.statements import CONDUCTOR, write_resource
from nova_lite.db.operations.subjects import claimed, leave, open_on, take

__all__ = ["CONDUCTOR", "Row", "abandon", "args_of", "begin", "cancel_open", "check", "claimed", "due", "finish",
           "get", "get_without_json", "give_up", "hand_over", "held", "journal", "lease", "leave", "lost_builds",
           "notified", "of_server", "open_on", "overdue", "record", "record_ended",
           "refusal", "release", "renew", "running", "set_idle", "take", "wait", "write_resource"]
