"""Options that every service reads."""

import socket

from oslo_config import cfg

GROUP = None
OPTS = (
    cfg.StrOpt("state_dir", default="/var/lib/nova_lite",
               help="Directory that holds everything this cloud remembers: database, keys, images, disks, logs."),
    cfg.StrOpt("host", default=socket.gethostname(), sample_default="<this machine's host name>",
               help="Name of this host in the cloud. It must be unique and stay the same over restarts."),
    cfg.StrOpt("concurrency", default="eventlet", choices=["eventlet", "threading"],
               help="How services run many things at once: eventlet's green threads, or native threads."),
    cfg.StrOpt("my_ip", default="127.0.0.1",
               help="Address of this host that other hosts and console proxies reach."),
    cfg.BoolOpt("resume_guests_state_on_host_boot", default=False,
                help="Start servers again that ran when this host was last heard of and are off when its compute "
                     "service starts, as after a reboot of the host. Otherwise they show as SHUTOFF."),
)
