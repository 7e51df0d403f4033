"""How every HTTP server of this cloud deals with its clients."""

import ipaddress

from oslo_config import cfg


def _network(text):
    """:raises ValueError: it is no address and no network."""
    return str(ipaddress.ip_network(text.strip(), strict=False))


GROUP = "http"
OPTS = (
    cfg.IntOpt("max_connections", default=2000, min=8,
               help="Connections that the API (each of nova-lite-api's workers) and nova-lite-metadata hold open. When "
                    "all are taken, a new one takes the place of the one that has been idle longest; one that makes a "
                    "request is never idle. At most half of the process's file descriptors (ulimit -n; services raise "
                    "their own limit as far as the system lets them) are used."),
    cfg.IntOpt("max_connections_per_address", default=200, min=0,
               help="How many of these one client address may have: an IPv4 address, or an IPv6 network of 64 bits. "
                    "When it wants more, its own idle ones go first, and then it is refused. 0: any number. Clients "
                    "behind a proxy or a NAT share one address: see proxy_addresses."),
    cfg.ListOpt("proxy_addresses", default=["127.0.0.0/8", "::1/128"],
                item_type=_network,
                help="Addresses and networks that max_connections_per_address, here and in [console], does not apply "
                     "to: load balancers and reverse proxies, whose connections are those of many clients and who "
                     "must limit these themselves. By default programs on this machine."),
    cfg.IntOpt("threads", default=32, min=2,
               help="With [DEFAULT] concurrency = threading: requests that are worked on at once. One that waits for "
                    "its client is not counted."),
    cfg.FloatOpt("head_timeout", default=20, min=1,
                 help="Seconds from the beginning of a connection, or of a later request on it, to the end of the "
                      "request's headers."),
    cfg.FloatOpt("idle_timeout", default=75, min=1,
                 help="Seconds that a connection is kept open after an answer, for the next request. A proxy in front "
                      "should close its own earlier."),
    cfg.FloatOpt("body_timeout", default=30, min=1,
                 help="Seconds that the API waits, all in all, for the body of one request. What takes longer is "
                      "answered with 408. Image uploads have a least rate instead."),
    cfg.IntOpt("min_rate", default=1024, min=1,
               help="Bytes a second to which an image upload and the reading of any answer must keep in the long run; "
                    "stall_timeout allows for pauses. The time that this cloud itself needs is not counted."),
    cfg.FloatOpt("stall_timeout", default=60, min=1,
                 help="Seconds that an image upload, or the reading of an answer, may stand still or be behind "
                      "min_rate, before it is ended."),
    cfg.IntOpt("max_requests_per_project", default=64, min=0,
               help="Requests of one project that a process works on at once; image uploads are counted apart, with "
                    "the same limit. Four times as many wait for their turn, for up to 30 seconds; what is more is "
                    "answered with 429. 0: any number. With concurrency = threading half of threads, where that is "
                    "less."),
)
