"""Guests on libvirt and QEMU.  ``LibvirtDriver`` loads when asked for: daemon.py runs without libvirt-python."""


def __getattr__(name):
    if name != "LibvirtDriver":
        raise AttributeError(name)
    from nova_lite.virt.libvirt.driver import LibvirtDriver
    return LibvirtDriver
