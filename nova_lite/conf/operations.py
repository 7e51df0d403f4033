"""Leases, notifications and deadlines of operations."""

from oslo_config import cfg

GROUP = "operations"
OPTS = (
    cfg.IntOpt("lease", default=15, min=3,
               help="Seconds for which a host or conductor may work on an operation without a report; it renews "
                    "this lease three times as often. When it dies or is cut off, another attempt begins when the "
                    "lease has run out, or at once where the same service is started anew. A shorter lease recovers "
                    "sooner; one that is shorter than the pauses of a busy database, broker or host has work started "
                    "twice."),
    cfg.IntOpt("notify_again", default=5, min=1, deprecated_name="ring_again",
               help="Seconds after which a host or conductor is notified once more of an operation that waits for it "
                    "and that it has not started. So long, and up to [operations] poll, a lost message delays the "
                    "work."),
    cfg.FloatOpt("poll", default=1.0, min=0.05,
                 help="Seconds between two looks of each conductor at the database, for operations that wait, whose "
                      "worker was lost, or whose deadline has passed."),
    cfg.IntOpt("change_timeout", default=1800, min=1,
               help="Seconds for which an operation waits for a service outside of this cloud (network, image) that "
                    "does not answer, or has not done its part; then it fails with that as its fault. The time does "
                    "not count against the operation's own deadline."),
    cfg.IntOpt("max_concurrent_builds", default=10, min=1,
               help="How many guests one host builds at the same time, and how many new servers one conductor places; "
                    "more wait for their turn. Builds never hold up stops, starts and deletions."),
    cfg.IntOpt("max_attempts", default=3, min=1,
               help="How many hosts the build of a server is tried on, one after the other, before the server ends in "
                    "ERROR. 1 tries no second host."),
    cfg.IntOpt("report_interval", default=10, min=1,
               help="Seconds between two signs of life of a service. Keep it at most a third of [operations] "
                    "service_down_time."),
    cfg.IntOpt("service_down_time", default=60, min=2,
               help="Seconds without a sign of life after which a service is shown as down. A host that is down gets "
                    "no new servers; builds that it had started try another host, servers whose deletion it had not "
                    "finished are deleted without it, and everything else waits for its return."),
    cfg.IntOpt("stop_timeout", default=30, min=1,
               help="Seconds a service that is asked to stop (SIGTERM) lets running requests and operations end. What "
                    "has not ended by then is given up, the next start goes on with it, and the process is gone."),
    cfg.IntOpt("sync_power_interval", default=60, min=1,
               help="Seconds between two comparisons of every guest's power state with the database. Changes that the "
                    "hypervisor announces are taken over at once."),
)
