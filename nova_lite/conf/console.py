"""What both console proxies share."""

from oslo_config import cfg

GROUP = "console"
OPTS = (
    cfg.IntOpt("token_ttl", default=600, min=1,
               help="Seconds that the link of a console works after it was asked for. What is open then stays open."),
    cfg.ListOpt("allowed_origins", default=[],
                help="Hosts, as they stand in a browser's address line without the port, whose pages may open consoles "
                     "here besides the proxy's own host. A dashboard that shows consoles in its own page needs this."),
    cfg.IntOpt("max_connections", default=500, min=1, help="How many connections each proxy holds open."),
)
