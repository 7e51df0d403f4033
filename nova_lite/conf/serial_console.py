"""Serial consoles of guests over a websocket."""

from oslo_config import cfg

GROUP = "serial_console"
OPTS = (
    cfg.BoolOpt("enabled", default=True, help="Offer guests' serial ports. False refuses consoles of protocol serial."),
    cfg.StrOpt("base_url", default="",
               help="The proxy as users' clients reach it, such as wss://cloud.example:6083/. Empty: this proxy, on "
                    "the host that the API was asked at."),
    cfg.HostAddressOpt("serialproxy_host", default="127.0.0.1",
                       help="Address that nova-lite-serialproxy listens on; nova-lite up listens where its API does."),
    cfg.PortOpt("serialproxy_port", default=6083, help="Port that nova-lite-serialproxy listens on."),
    cfg.HostAddressOpt("proxyclient_address", default="127.0.0.1",
                       help="Address of this host at which the proxy reaches guests' serial ports; nova-lite-compute "
                            "listens there, on a port of its own for each connection."),
)
