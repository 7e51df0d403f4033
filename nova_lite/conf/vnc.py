"""Screens of guests in a browser: noVNC's page and its proxy."""

from oslo_config import cfg

GROUP = "vnc"
OPTS = (
    cfg.BoolOpt("enabled", default=True,
                help="Offer guests' screens. False refuses consoles of protocol vnc; guests keep their VNC servers."),
    cfg.StrOpt("novncproxy_base_url", default="",
               help="The page that answers to a novnc console, as users' browsers reach it, such as "
                    "https://cloud.example/vnc_lite.html. Empty: this proxy's, on the host that the API was asked at."),
    cfg.HostAddressOpt("novncproxy_host", default="127.0.0.1",
                       help="Address that nova-lite-novncproxy listens on; nova-lite up listens where its API does."),
    cfg.PortOpt("novncproxy_port", default=6080, help="Port that nova-lite-novncproxy listens on."),
    cfg.HostAddressOpt("server_proxyclient_address", default="127.0.0.1",
                       help="Address of this host at which the proxy reaches guests' screens; nova-lite-compute "
                            "listens there, on a port of its own for each connection, for one caller who knows its "
                            "secret. Guests' VNC servers themselves listen nowhere."),
    cfg.StrOpt("novnc_dir", default="",
               help="Where noVNC is, the folder that has core/rfb.js. Empty: share/novnc of the Python environment, "
                    "/usr/local/share/novnc or /usr/share/novnc, whichever is there."),
)
