"""The values that image properties about hardware may have; the image service itself takes any text.

https://docs.openstack.org/glance/latest/admin/useful-image-properties.html
"""

from nova_lite.common import exceptions

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


#: property -> what it was called before; both hold, the first one first.
FORMER_NAMES = {"hw_architecture": "architecture", "hw_vm_mode": "vm_mode", "img_hv_type": "hypervisor_type",
                "img_hv_requested_version": "hypervisor_version_requires"}
_PRESENT_NAMES = {former: name for name, former in FORMER_NAMES.items()}
#: property -> (what Nova calls it, what it may be, {another word: the one that is meant}); in any case.
_KINDS = {
    "hw_architecture": ("Architecture name", frozenset((
        "aarch64", "alpha", "armv6", "armv7l", "armv7b", "cris", "i686", "ia64", "lm32", "m68k", "microblaze",
        "microblazeel", "mips", "mipsel", "mips64", "mips64el", "openrisc", "parisc", "parisc64", "ppc", "ppcle",
        "ppc64", "ppc64le", "ppcemb", "s390", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "unicore32", "x86_64",
        "xtensa", "xtensaeb")), {"i386": "i686", "i486": "i686", "i586": "i686", "x86_32": "i686", "x86_32p": "i686",
                       "amd64": "x86_64"}),
    "hw_vm_mode": ("Virtual machine mode", frozenset(("hvm", "xen", "uml", "exe")),
                   {"pv": "xen", "hv": "hvm", "baremetal": "hvm"}),
    "img_hv_type": ("Hypervisor virt type", frozenset((
        "baremetal", "bhyve", "docker", "fake", "hyperv", "ironic", "kqemu", "kvm", "lxc", "lxd", "openvz", "parallels",
        "phyp", "qemu", "test", "uml", "vbox", "vz", "vmware", "xen", "zvm", "prsm")), {"xapi": "xen"}),
}
#: Of hosts here, and those whose programs they run as well.
_OURS = {"hw_architecture": ("x86_64", "i686"), "hw_vm_mode": ("hvm",), "img_hv_type": ("qemu", "kvm")}


def canonical(name, value):
    """The one word that is meant by ``value`` of a property of ``FORMER_NAMES``, in lower case."""
    value = value.lower()
    return _KINDS[name][2].get(value, value) if name in _KINDS else value


def kind(properties, name):
    """What a property of ``FORMER_NAMES`` asks for, under either name; None: nothing."""
    return properties.get(name) or properties.get(FORMER_NAMES[name])


def check_architecture(properties):
    """:raises NotOffered: the image is for another kind of processor, or of hypervisor, than hosts here have."""
    for name, known in _OURS.items():
        asked = kind(properties, name)
        if asked and canonical(name, asked) not in known:
            raise exceptions.NotOffered(reason=f"{name} is {asked}")


def check_bootable(image):
    """What Nova's API asks of an image (objects.Image) before anything boots from it.

    :raises ImageUnacceptable: nothing boots from it.
    :raises BadRequest: a property has a value that Nova does not know.
    """
    if image.properties.get("cinder_encryption_key_id"):
        raise exceptions.ImageUnacceptable(
            image_id=image.id, reason="Direct booting of an image uploaded from an encrypted volume is unsupported.")
    check(image.properties)


def check(properties):
    """:raises BadRequest: a value is none that Nova knows."""
    for name, value in properties.items():
        reason = _reason(name, value)
        if reason:
            raise exceptions.BadRequest(f"Invalid image metadata. Error: {reason}")


def _reason(name, value):
    if name in _WORDS and (value.lower() if name in _ANY_CASE else value) not in _WORDS[name]:
        return f"Field value {value} is invalid"
    name = _PRESENT_NAMES.get(name, name)
    if name in _KINDS and canonical(name, value) not in _KINDS[name][1]:
        return f"{_KINDS[name][0]} '{value}' is not valid"
    if name in _NUMBERS:
        try:
            int(value)
        except ValueError as error:
            return str(error)
    return None
