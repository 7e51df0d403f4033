"""The metadata service that guests ask at 169.254.169.254."""

from oslo_config import cfg

GROUP = "metadata"
OPTS = (
    cfg.StrOpt("url", default=None, sample_default="http://127.0.0.1:8775",
               help="Where hosts reach nova-lite-metadata. Unset, the service runs inside the compute process, which "
                    "only a single-process cloud can do."),
    cfg.StrOpt("listen", default="127.0.0.1",
               help="Address that nova-lite-metadata listens on."),
    cfg.PortOpt("port", default=8775,
                help="Port that nova-lite-metadata listens on."),
    cfg.StrOpt("shared_secret", secret=True, default=None,
               help="Secret with which hosts (or Neutron's metadata agent) sign who asks. nova-lite-metadata refuses "
                    "whatever is not signed with it; all hosts need the same one."),
    cfg.IntOpt("cache_seconds", default=2, min=0,
               help="Seconds that a server's documents are kept between two requests of it. 0: not at all."),
    cfg.FloatOpt("timeout", default=10, min=0.1,
                 help="Seconds that a host waits for nova-lite-metadata."),
)
