"""What both console proxies share."""

from oslo_config import cfg

GROUP = "console"
_ORIGIN = r"\A(https?://)?([A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\Z"
OPTS = (
    cfg.IntOpt("token_ttl", default=600, min=1,
               help="Seconds that the link of a console works after it was asked for. What is open then stays open."),
    cfg.ListOpt("allowed_origins", default=[], item_type=cfg.types.String(regex=_ORIGIN),
                help="Whose pages may open consoles here, and show the page of a console in a frame, besides the "
                     "proxy's own: a dashboard that shows consoles in its own page needs this. Each is an origin as a "
                     "browser has it (https://dashboard.example or https://dashboard.example:8443), or a host without "
                     "scheme, with a port (dashboard.example:8443) or with any (dashboard.example). The proxy's own "
                     "is that of [vnc] novncproxy_base_url or [serial_console] base_url; where that is not set, the "
                     "host and port that the browser asked."),
    cfg.IntOpt("max_connections", default=500, min=8,
               help="How many connections each proxy holds open. When all are taken, a new one takes the place of one "
                    "that has not made a request yet; open consoles are never closed for others."),
    cfg.IntOpt("max_connections_per_address", default=50, min=0,
               help="How many of these one client address may have; 0: any number. [http] proxy_addresses names those "
                    "that this does not apply to."),
)
