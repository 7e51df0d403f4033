"""How the REST services answer."""

from oslo_config import cfg

GROUP = "api"
OPTS = (
    cfg.HostAddressOpt("listen", default="127.0.0.1",
                       help="Address of the one HTTP port that carries every API."),
    cfg.PortOpt("port", default=8774, help="The one HTTP port."),
    cfg.IntOpt("workers", default=2, min=1,
               help="Processes that nova-lite-api answers with. 'nova-lite up' always has one."),
    cfg.IntOpt("worker_timeout", default=25, min=5,
               help="Seconds without a sign of life after which nova-lite-api kills a worker process that hangs and "
                    "starts another. With SQLite it waits a little longer than [database] sqlite_busy_timeout, for so "
                    "long a worker may rest."),
    cfg.URIOpt("public_endpoint", schemes=["http", "https"], default=None,
               help="URL under which clients reach this API, without a service's path: http://cloud.example.org:8774. "
                    "The catalog and every link are made from it. Unset, the Host header of each request is used."),
    cfg.IntOpt("max_request_body_size", default=114688, min=1024,
               help="Largest request body in bytes; image data is not counted. More is answered with 413."),
    cfg.BoolOpt("trust_proxy_headers", default=False,
                help="Believe X-Forwarded-For, -Host, -Proto and -Prefix. Set it only behind a proxy that "
                     "overwrites them."),
    cfg.BoolOpt("log_requests", default=True,
                help="Write one line a request to the log: who, what, status, size, seconds."),
)
