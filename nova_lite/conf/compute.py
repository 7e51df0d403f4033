"""What hosts do with guests."""

from oslo_config import cfg

GROUP = "compute"
OPTS = (
    cfg.StrOpt("driver", default="libvirt", choices=["libvirt", "fake"],
               help="The hypervisor driver: libvirt, or fake, whose guests are only remembered."),
    cfg.StrOpt("cpu_dedicated_set",
               help="Processors of this host that guests may have to themselves (hw:cpu_policy of their flavor), such "
                    "as 4-31,^8. Unset: none may."),
    cfg.StrOpt("cpu_shared_set",
               help="Processors of this host that all other guests run on. Unset: all but those of "
                    "cpu_dedicated_set."),
    cfg.IntOpt("shutdown_timeout", default=60, min=0,
               help="Seconds a guest gets to shut down before its power is cut. 0 cuts it at once."),
    cfg.BoolOpt("force_config_drive", default=False,
                help="Give every server a config drive, whether it asked for one or not."),
    cfg.BoolOpt("allow_resize_to_same_host", default=True,
                help="Let a resize give a server its new size on the host it is on."),
    cfg.IntOpt("resize_confirm_window", default=0, min=0,
               help="Seconds after which a resize that nobody confirmed or reverted is confirmed. 0: never."),
    cfg.IntOpt("shelved_offload_time", default=0, min=-1,
               help="Seconds for which a shelved server stays on its host, where it wakes up sooner. 0 takes it away "
                    "at once, -1 only when an administrator says so."),
    cfg.IntOpt("reclaim_instance_interval", default=0, min=0,
               help="Seconds for which a deleted server is only switched off and can be restored. 0 deletes at once. "
                    "API and conductor must have the same."),
    cfg.FloatOpt("attach_timeout", default=60, min=0,
                 help="Seconds that a request to attach an interface waits for the server's host, and each change of "
                      "a server's interfaces for the one before it."),
    cfg.IntOpt("max_local_block_devices", default=3, min=-1,
               help="Local disks a server may have: its root disk, ephemeral disks, swap. -1: as many as fit on "
                    "for."),
    cfg.StrOpt("default_ephemeral_format", default="ext4", choices=["ext2", "ext3", "ext4", "xfs", "vfat"],
               help="File system of ephemeral disks for which none was asked. The host must have its mkfs."),
    cfg.IntOpt("prune_interval", default=3600, min=1,
               help="Seconds between two looks for cached images that no guest of this host uses any more."),
)
