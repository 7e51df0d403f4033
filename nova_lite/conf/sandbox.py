"""Limits of the tools that read what users gave, such as qemu-img."""

from oslo_config import cfg

GROUP = "sandbox"
OPTS = (
    cfg.IntOpt("cpu_seconds", default=30, min=1,
               help="CPU seconds one look at an image may use. Conversions may use twenty times as much."),
    cfg.IntOpt("memory_mb", default=2048, min=64, help="MiB of address space one tool may use."),
    cfg.IntOpt("seconds", default=60, min=1,
               help="Seconds after which one look at an image is ended. Conversions may take twenty times as long."),
    cfg.StrOpt("user", default="nobody",
               help="User that tools run as when they only read and nova_lite runs as root. Empty: they stay root."),
)
