"""Guests on libvirt and QEMU."""

from oslo_config import cfg

GROUP = "libvirt"
OPTS = (
    cfg.StrOpt("connection_uri", default="qemu:///system",
               help="libvirt URI of this host's QEMU driver."),
    cfg.StrOpt("virt_type", default="auto", choices=["auto", "kvm", "qemu"],
               help="kvm uses the processor, qemu emulates it. auto takes kvm only where a small guest really runs on "
                    "it: /dev/kvm may exist and hang."),
    cfg.StrOpt("cpu_mode", default="auto",
               choices=["auto", "host-passthrough", "host-model", "maximum", "custom", "none"],
               help="Processor that guests see. auto: host-model with kvm, cpu_model when emulated. none leaves it to "
                    "QEMU."),
    cfg.StrOpt("cpu_model", default="Nehalem",
               help="Processor's name with cpu_mode custom, and when emulated; \"virsh cpu-models x86_64\" lists them. "
                    "Nehalem is x86-64-v2, which present distributions need."),
    cfg.StrOpt("machine_type", default="q35",
               help="Machine of guests whose image has no hw_machine_type."),
    cfg.IntOpt("spare_pcie_ports", default=8, min=0, max=24,
               help="Empty PCIe ports a q35 guest starts with: as many disks and NICs can be added while it runs."),
    cfg.IntOpt("tb_cache_mb", default=32, min=0,
               help="MiB of QEMU's cache of translated code a guest, when emulated. 0 leaves it to QEMU, which takes "
                    "more."),
    cfg.StrOpt("rng_device", default="/dev/urandom",
               help="Where guests' virtio random number generators take their entropy."),
    cfg.FloatOpt("call_timeout", default=30, min=1,
                 help="Seconds libvirt gets to answer a question before it counts as unreachable."),
    cfg.FloatOpt("start_timeout", default=180, min=1,
                 help="Seconds libvirt gets to define, start or destroy one guest."),
    cfg.FloatOpt("save_timeout", default=1500, min=10,
                 help="Seconds libvirt gets to write a guest's memory to disk, or to read it back."),
    cfg.IntOpt("device_detach_attempts", default=8, min=1,
               help="How often a running guest is asked to let go of a device."),
    cfg.FloatOpt("device_detach_timeout", default=20, min=1,
                 help="Seconds it gets to do so each time."),
    cfg.FloatOpt("acpi_interval", default=5, min=1,
                 help="Seconds between presses of the power button while a guest is asked to shut down: one that is "
                      "still booting misses the first."),
)
