"""What a server's migration is called and how it goes on, in Nova's words."""

import enum


class Kind(enum.StrEnum):
    """migration_type: why a server moves."""

    COLD = "migration"
    RESIZE = "resize"
    LIVE = "live-migration"
    EVACUATION = "evacuation"


class Status(enum.StrEnum):
    """How far a migration is."""

    ACCEPTED = "accepted"
    QUEUED = "queued"                       # a live one that waits for its source host
    PREPARING = "preparing"
    RUNNING = "running"
    PRE_MIGRATING = "pre-migrating"         # a cold one or a resize, before its source host begins
    MIGRATING = "migrating"
    POST_MIGRATING = "post-migrating"
    FINISHED = "finished"                   # the server is where it goes, and waits to be confirmed or reverted
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    REVERTING = "reverting"
    REVERTED = "reverted"
    COMPLETED = "completed"                 # of a live one, and of an evacuation whose source host is clean
    DONE = "done"                           # of an evacuation: the source host has yet to remove what it has of it
    CANCELLED = "cancelled"
    FAILED = "failed"
    ERROR = "error"


#: The server is at its source, and holds capacity at its destination.
MOVING = frozenset({Status.PREPARING, Status.RUNNING, Status.MIGRATING, Status.POST_MIGRATING})
#: The server is at its destination already, and may have to go back.
MOVED = frozenset({Status.FINISHED, Status.CONFIRMING, Status.REVERTING})
#: A live migration that has one of these is under way.
UNDER_WAY = (Status.QUEUED, Status.PREPARING, Status.RUNNING, Status.POST_MIGRATING)
