"""How servers find their hosts."""

from oslo_config import cfg

GROUP = "scheduler"
OPTS = (
    cfg.FloatOpt("cpu_allocation_ratio", default=16.0, min=0.1,
                 help="Virtual CPUs given away for each CPU of a host."),
    cfg.FloatOpt("ram_allocation_ratio", default=1.0, min=0.1,
                 help="Memory given away, as a multiple of a host's memory less reserved_host_memory_mb."),
    cfg.FloatOpt("disk_allocation_ratio", default=1.0, min=0.1,
                 help="Disk given away, as a multiple of the space below the state directory. Disks of guests grow as "
                      "they are written, so more than 1.0 is possible, and full disks then too."),
    cfg.IntOpt("reserved_host_memory_mb", default=512, min=0,
               help="MiB of each host's memory that guests never get."),
    cfg.StrOpt("default_availability_zone", default="nova",
               help="The availability zone that hosts are in unless an aggregate says otherwise."),
)
