"""The values that image properties about hardware may have; the image service itself takes any text.

https://docs.openstack.org/glance/latest/admin/useful-image-properties.html
"""

from nova_lite.common import exception

_BUSES = ("fdc", "ide", "sata", "scsi", "usb", "virtio", "xen", "lxc", "uml")
_WORDS = {
    "hw_cdrom_bus": _BUSES, "hw_disk_bus": _BUSES, "hw_floppy_bus": _BUSES, "hw_rescue_bus": _BUSES,
    "hw_cpu_policy": ("dedicated", "shared", "mixed"), "hw_cpu_thread_policy": ("prefer", "isolate", "require"),
    "hw_firmware_type": ("bios", "uefi"), "hw_input_bus": ("usb", "virtio"), "hw_maxphysaddr_mode": (
        "passthrough", "emulate"),
    "hw_mem_encryption_model": ("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"),
    "hw_pci_numa_affinity_policy": ("required", "legacy", "preferred", "socket"), "hw_pointer_model": ("usbtablet",),
    "hw_rescue_device": ("cdrom", "disk", "floppy", "fs", "lun"), "hw_rng_model": ("virtio",),
    "hw_scsi_model": ("buslogic", "ibmvscsi", "lsilogic", "lsisas1068", "lsisas1078", "virtio-scsi", "vmpvscsi"),
    "hw_sound_model": ("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
    "hw_tpm_model": ("tpm-tis", "tpm-crb"), "hw_tpm_version": ("1.2", "2.0"),
    "hw_usb_model": ("none", "nec-xhci", "qemu-xhci"),
    "hw_video_model": ("cirrus", "qxl", "vga", "vmvga", "xen", "virtio", "gop", "none", "bochs"),
    "hw_vif_model": ("virtio", "e1000", "e1000e", "igb", "lan9118", "ne2k_pci", "netfront", "pcnet", "rtl8139",
                     "spapr-vlan", "sriov", "vmxnet", "vmxnet3", "virtuale1000", "virtuale1000e", "virtualpcnet32",
                     "virtualsriovethernetcard", "virtualvmxnet", "virtualvmxnet3"),
    "hw_viommu_model": ("intel", "smmuv3", "virtio", "auto"),
    "hw_watchdog_action": ("none", "pause", "poweroff", "reset", "disabled"),
    "img_config_drive": ("optional", "mandatory"), "os_secure_boot": ("required", "disabled", "optional"),
    "os_type": ("linux", "windows"),
}
_NUMBERS = frozenset(("hw_cpu_cores", "hw_cpu_sockets", "hw_cpu_threads", "hw_cpu_max_cores", "hw_cpu_max_sockets",
                      "hw_cpu_max_threads", "hw_numa_nodes", "hw_serial_port_count", "hw_video_ram",
                      "hw_maxphysaddr_bits", "hw_redirected_usb_ports"))

_ANY_CASE = frozenset(("hw_scsi_model", "hw_vif_model", "os_type"))


#: Of hosts here, and those whose programs they run as well.
_OURS = ("x86_64", "amd64", "i686", "i386", "i486", "i586", "x86_32")


def check_architecture(properties):
    """:raises NotOffered: the image is for another kind of processor, or of hypervisor, than hosts here have."""
    for names, known in ((("hw_architecture", "architecture"), _OURS), (("hw_vm_mode", "vm_mode"), ("hvm", "hv")),
                         (("img_hv_type", "hypervisor_type"), ("qemu", "kvm"))):
        asked = next((properties[name].lower() for name in names if name in properties), None)
        if asked is not None and asked not in known:
            raise exception.NotOffered(reason=f"{names[0]} is {asked}")


def check(properties):
    """:raises BadRequest: a value is none that Nova knows."""
    for name, value in properties.items():
        reason = _reason(name, value)
        if reason:
            raise exception.BadRequest(f"Invalid image metadata. Error: {reason}")


def _reason(name, value):
    if name in _WORDS and (value.lower() if name in _ANY_CASE else value) not in _WORDS[name]:
        return f"Field value {value} is invalid"
    if name in _NUMBERS:
        try:
            int(value)
        except ValueError as error:
            return str(error)
    return None
