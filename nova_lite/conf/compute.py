"""What hosts do with guests."""

from oslo_config import cfg

GROUP = "compute"
OPTS = (
    cfg.StrOpt("driver", default="libvirt", choices=["libvirt", "fake"],
               help="The hypervisor driver: libvirt, or fake, whose guests are only remembered."),
    cfg.IntOpt("shutdown_timeout", default=60, min=0,
               help="Seconds a guest gets to shut down before its power is cut. 0 cuts it at once."),
    cfg.BoolOpt("force_config_drive", default=False,
                help="Give every server a config drive, whether it asked for one or not."),
    cfg.IntOpt("image_cache_min_age", default=86400, min=0,
               help="Seconds a cached image that no guest uses is kept."),
)
