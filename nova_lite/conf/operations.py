"""How operations are led, rung and given up."""

from oslo_config import cfg

GROUP = "operations"
OPTS = (
    cfg.IntOpt("lease", default=15, min=3,
               help="Seconds a worker holds an operation without renewing. A worker that dies is replaced after that."),
    cfg.IntOpt("ring_again", default=5, min=1,
               help="Seconds after which the doorbell of an operation that nobody took up is rung again."),
    cfg.FloatOpt("poll", default=1.0, min=0.05,
                 help="Seconds between two looks at the database for operations that are due."),
    cfg.IntOpt("max_concurrent_builds", default=10, min=1,
               help="How many guests one host builds at the same time."),
    cfg.IntOpt("max_attempts", default=3, min=1,
               help="How many hosts a server's build is tried on before it is given up."),
    cfg.IntOpt("report_interval", default=10, min=1,
               help="Seconds between two signs of life of a service."),
    cfg.IntOpt("service_down_time", default=60, min=2,
               help="Seconds without a sign of life after which a service counts as down."),
    cfg.IntOpt("stop_timeout", default=30, min=1,
               help="Seconds a service that is asked to stop (SIGTERM) lets running requests and operations end. What "
                    "has not ended by then is given up, the next start goes on with it, and the process is gone."),
    cfg.IntOpt("sync_power_interval", default=60, min=1,
               help="Seconds between two comparisons of every guest's power state with the database. Changes that the "
                    "hypervisor announces are taken over at once."),
)
