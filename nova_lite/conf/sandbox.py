"""Limits of the tools that read what users gave, such as qemu-img."""

from oslo_config import cfg

GROUP = "sandbox"
OPTS = (
    cfg.IntOpt("cpu_seconds", default=30, min=1,
               help="CPU seconds one look at an image may use. Conversions may use twenty times as much."),
    cfg.IntOpt("memory_mb", default=2048, min=64, help="MiB of address space one tool may use."),
    cfg.IntOpt("seconds", default=60, min=1,
               help="Seconds after which one look at an image is ended. Conversions may take twenty times as long."),
    cfg.StrOpt("user", default="nobody", deprecated_for_removal=True,
               deprecated_reason="It was the user of tools that only read, and none is run any more: images are "
                                 "inspected without one, and what qemu-img makes or copies are files of root, whose "
                                 "backing files it opens by path.",
               help="No effect."),
)
