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
    cfg.IntOpt("log_line_length", default=4000, min=200, max=65536,
               help="Characters of a line in the log that are kept; of longer ones the beginning and the end, and how "
                    "much is missing."),
    cfg.IntOpt("vif_plugging_timeout", default=300, min=0,
               help="Seconds that a guest is kept paused at its start until the network service reports that its NICs "
                    "work. 0: guests run at once."),
    cfg.BoolOpt("vif_plugging_is_fatal", default=True,
                help="Whether the start of a guest fails whose NICs do not work within vif_plugging_timeout. False: it "
                     "runs all the same."),
    cfg.BoolOpt("resume_guests_state_on_host_boot", default=False,
                help="Start servers again that ran when this host last reported and are off when its compute "
                     "service starts, as after a reboot of the host. Otherwise they show as SHUTOFF."),
)
