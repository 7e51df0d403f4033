"""Figures for Prometheus."""

from oslo_config import cfg

GROUP = "metrics"
OPTS = (
    cfg.StrOpt("listen", default="",
               help="HOST:PORT where the conductor (and 'nova-lite up') answers GET /metrics to Prometheus, as "
                    "127.0.0.1:9774; empty: nowhere. It asks for no password, so let it be loopback or a network that "
                    "only operators reach. Every conductor reports the same, for the whole cloud; where the port is "
                    "taken, because another one of this machine reports it already, the conductor runs without."),
    cfg.IntOpt("flush_interval", default=15, min=1,
               help="Seconds between two times that an API process adds the requests it answered to the cloud's "
                    "counters."),
)
