"""The host of guests that are only remembered (driver fake)."""

from oslo_config import cfg

GROUP = "fake"
OPTS = (
    cfg.IntOpt("vcpus", default=64, min=1, help="Processors the host claims to have."),
    cfg.IntOpt("memory_mb", default=512 * 1024, min=1, help="MiB of memory the host claims to have."),
    cfg.IntOpt("disk_gb", default=10 * 1024, min=0, help="GiB of disk the host claims to have."),
    cfg.FloatOpt("network_delay", default=0, min=0,
                 help="Seconds each change of the host's network takes."),
    cfg.FloatOpt("port_delay", default=0, min=0,
                 help="Seconds after which a port works whose guest was started."),
    cfg.StrOpt("network_error", default="",
               help="Why the host's network fails: no NIC is plugged, and nothing of networks is in force. Empty: it "
                    "works."),
    cfg.FloatOpt("delay", default=0, min=0,
                 help="Seconds each change of a guest takes, for tools that want to see states in between."),
)
