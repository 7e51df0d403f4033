"""Domain XML: golden files pin the text, and what is written reads back the same."""

import dataclasses
import pathlib
import types

import libvirt
import pytest

from nova_lite.common import exceptions, local_disks
from nova_lite.common.local_disks import LocalDisk
from nova_lite.compute.tasks.spec import config_drive_disk, local_disk, rescued, root_disk
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import guest_config
from nova_lite.virt.libvirt.capabilities import Capabilities, Node
from nova_lite.virt.libvirt.disks import Files
from nova_lite.virt.libvirt.xml import domain as dom
from nova_lite.virt.libvirt.xml.element import at, element
from tests import hypervisor

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
ID = "5c1d6a52-8f1b-4a43-9f19-5d3a40a6c1f0"
SPEC = virt.GuestSpec(
    id=ID, name="instance-0000002a", title="web 1", project_id="9a3f", user_id="77b0", vcpus=2, memory_mb=512,
    disks=(root_disk("/var/lib/nova_lite/cache/images/3f2c", "qcow2", 10),),
    vifs=(virt.Vif("fa:16:3e:01:02:03", "tap0a1b2c3d-4e", "nlb5f6a7b8c-9d", 1450),),
    flavor_name="m1.small", image_id="3f2c")


def settings(**changes):
    conf = hypervisor.configuration("/var/lib/nova_lite")
    for name in [each for each in changes if each in conf.libvirt]:
        conf.set_override(name, changes.pop(name), "libvirt")
    return guest_config.HostSettings(**{"cloud": "/var/lib/nova_lite", "virt_type": "qemu", "options": conf.libvirt,
                         "files": Files(f"/var/lib/nova_lite/instances/{ID}")} | changes)


def with_properties(**properties):
    return dataclasses.replace(SPEC, image_properties=properties)


def with_disks(*disks, **properties):
    """A guest with these disks behind its root disk."""
    return dataclasses.replace(SPEC, disks=(*SPEC.disks, *disks), image_properties=properties)


def with_specs(specs, **properties):
    return dataclasses.replace(SPEC, extra_specs=specs, image_properties=properties)


DRIVE = config_drive_disk({"openstack/latest/meta_data.json": b"{}"})
LOCAL = (LocalDisk("disk.eph0", 1024, "ext4"), LocalDisk("disk.eph1", 1024, bus="scsi", boot_index=1),
         LocalDisk("disk.swap", 512, "swap"))
CEPH = virt.Secret(uuid="3c1d6a52-8f1b-4a43-9f19-5d3a40a6c1f0")
RBD = virt.Disk(
    virt.Network("rbd", "volumes/volume-1", (virt.NetworkHost("192.0.2.1", 6789), virt.NetworkHost("192.0.2.2", 6789)),
                 virt.Auth("cinder", CEPH)),
    bus="virtio", serial="8f1b", discard="unmap", cache="writeback")
NBD = (
    virt.Disk(virt.Network("nbd", "export", (virt.NetworkHost("192.0.2.1", 10809),)), serial="9f19", read_only=True),
    virt.Disk(virt.Network("nbd", None, (virt.NetworkHost(socket="/run/nbd.sock"),)), bus="scsi", io="threads"))
ISCSI = virt.Disk(virt.Network("iscsi", "iqn.2010-10.org.openstack:volume-1/1", (virt.NetworkHost("192.0.2.1", 3260),),
                               virt.Auth("cinder", virt.Secret(usage="volume-1"))), boot_index=1)
LIMITED = virt.Disk(
    virt.Block("/dev/disk/by-id/volume-1"), io="native",
    throttle=virt.DiskThrottle(total_bytes_sec=10485760, read_iops_sec=100, write_iops_sec=200))
ENCRYPTED = virt.Disk(virt.File("/mnt/share/volume-1", "raw"), encryption=virt.Encryption(virt.Secret(uuid=ID)))
FLOPPY = virt.Disk(virt.File("/mnt/share/floppy.img"), device="floppy", bus="fdc")
VIFS = (
    dataclasses.replace(SPEC.vifs[0], throttle=virt.NicThrottle(inbound_average=1000, inbound_peak=2000), queues=2),
    virt.Vif("fa:16:3e:01:02:04", "tap0a1b2c3d-4f", "br-int", 9000, kind="ovs", interface_id=ID, link_up=False),
    virt.Vif("fa:16:3e:01:02:05", "tap0a1b2c3d-50", None, 1500, model="e1000e", kind="tap"))
#: Two nodes of four processors; 1-2 and 5-7 may be dedicated, 1 is taken.
HOST = Capabilities(
    nodes=(Node(0, frozenset(range(4)), ((4, 1 << 20), (2048, 64))),
           Node(1, frozenset(range(4, 8)), ((4, 1 << 20), (2048, 1024), (1 << 20, 0)))),
    threads=True, dedicated=frozenset({1, 2, 5, 6, 7}), taken=frozenset({1}))

CASES = {
    "emulated": (SPEC, {}),
    "kvm_config_drive": (with_disks(DRIVE), {"virt_type": "kvm"}),
    "empty_disk_no_nic": (dataclasses.replace(SPEC, disks=(root_disk(None, None, 1),), vifs=()),
                          {"cache": "writeback"}),
    "pc_ide_e1000": (with_disks(DRIVE, hw_disk_bus="ide", hw_vif_model="e1000", os_type="windows"), {}),
    "q35_scsi_uefi": (with_properties(hw_disk_bus="scsi", hw_firmware_type="uefi", hw_video_model="virtio"),
                      {"cpu_mode": "maximum", "tb_cache_mb": 0, "spare_pcie_ports": 0}),
    "local_disks": (with_disks(*map(local_disk, LOCAL), DRIVE), {}),
    "topology_quota": (with_specs({
        "hw:cpu_cores": "2", "quota:cpu_shares": "512", "quota:cpu_period": "10000", "quota:cpu_quota": "5000",
        "quota:disk_read_bytes_sec": "1048576", "quota:disk_total_iops_sec": "100", "quota:vif_inbound_average": "128",
        "quota:vif_outbound_average": "256", "quota:vif_outbound_peak": "512", "quota:vif_outbound_burst": "1024",
        "hw:vif_multiqueue_enabled": "true", "hw:virtio_packed_ring": "true"}), {"shared": frozenset({0, 1, 3})}),
    "devices": (with_specs({
        "hw:watchdog_action": "poweroff", "hw_rng:rate_bytes": "2048", "hw_rng:rate_period": "500",
        "hw_video:ram_max_mb": "64", "hw:boot_menu": "true", "hw:hide_hypervisor_id": "true", "hw:pmu": "false",
        "hw:serial_port_count": "3", "hw:sound_model": "ich9"},
        hw_video_ram="32", hw_serial_port_count="2", hw_pointer_model="usbtablet", hw_time_hpet="yes"), {}),
    "tpm_secure_boot": (with_specs({"hw:tpm_version": "2.0", "hw:tpm_model": "tpm-crb", "os:secure_boot": "required",
                                    "hw_rng:allowed": "false"}, hw_firmware_type="uefi"),
                        {"capabilities": Capabilities(secure_boot=True, tpm=True)}),
    "numa_pages": (with_specs({
        "hw:numa_nodes": "2", "hw:numa_cpus.0": "0", "hw:numa_cpus.1": "1", "hw:numa_mem.0": "128",
        "hw:numa_mem.1": "384", "hw:mem_page_size": "large", "hw:locked_memory": "true"}), {"capabilities": HOST}),
    "pinned": (with_specs({"hw:cpu_policy": "dedicated", "hw:emulator_threads_policy": "isolate",
                           "hw:cpu_thread_policy": "require"}), {"capabilities": HOST}),
    "disk_rbd": (with_disks(RBD), {}),
    "disk_nbd": (with_disks(*NBD), {}),
    "disk_iscsi": (with_disks(ISCSI), {}),
    "disk_throttle": (dataclasses.replace(with_disks(LIMITED), extra_specs={"quota:disk_read_iops_sec": "50"}), {}),
    "disk_encryption": (with_disks(ENCRYPTED), {}),
    "disk_floppy": (with_disks(FLOPPY, hw_machine_type="pc"), {}),
    "nic_kinds": (dataclasses.replace(SPEC, vifs=VIFS, extra_specs={"quota:vif_outbound_average": "64"}), {}),
    "mixed": (with_specs({"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "1"}), {"capabilities": HOST}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_spec_gives_the_xml_of_its_golden_file(case):
    spec, changes = CASES[case]
    golden = GOLDEN / f"domain_{case}.xml"
    made = guest_config.domain(spec, settings(**changes)).xml()
    assert made == golden.read_text(), f"if it is meant, write {golden.name} anew"


@pytest.mark.parametrize("case", CASES)
def test_a_domain_reads_back_as_it_was_written(case):
    spec, changes = CASES[case]
    written = guest_config.domain(spec, settings(**changes))
    assert dom.Domain.parse(written.xml()) == written


@pytest.fixture(scope="module")
def schema():
    """Raises where a domain's XML breaks libvirt's own schema, by libvirt's driver for tests."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    live = libvirt.open("test:///default")
    yield lambda xml: live.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    live.close()


@pytest.mark.parametrize("case", CASES)
def test_a_domain_keeps_libvirts_schema(schema, case):
    spec, changes = CASES[case]
    made = guest_config.domain(spec, settings(**changes)).xml()
    schema(made)
    with pytest.raises(libvirt.libvirtError, match="schema"):
        schema(made.replace("<disk ", '<disk unknown="1" '))


@pytest.mark.parametrize("properties", [
    {"hw_disk_bus": "floppy"}, {"hw_vif_model": "token-ring"}, {"hw_video_model": "cga"},
    {"hw_firmware_type": "coreboot"}])
def test_an_image_property_with_an_unknown_value_is_refused(properties):
    with pytest.raises(exceptions.ImageUnacceptable, match=next(iter(properties))):
        guest_config.domain(with_properties(**properties), settings())


@pytest.mark.parametrize(("specs", "properties", "words"), [
    ({"hw:cpu_policy": "dedicated"}, {}, "do not fit"), ({"hw:numa_nodes": "2"}, {}, "do not fit"),
    ({"hw:mem_page_size": "2048"}, {}, "do not fit"), ({"os:secure_boot": "required"}, {}, "secure boot"),
    ({"os:secure_boot": "required"}, {"os_secure_boot": "disabled"}, "disabled and required"),
    ({"hw:tpm_version": "2.0"}, {}, "swtpm"), ({"hw:mem_encryption": "true"}, {}, "encrypted"),
    ({"hw:cpu_realtime": "yes"}, {}, "real-time"), ({"hw:viommu_model": "intel"}, {}, "IOMMU"),
    ({"hw_rng:rate_bytes": "x"}, {}, "no number"), ({"hw_video:ram_max_mb": "x"}, {}, "no number"),
    ({}, {"hw_serial_port_count": "1000000000"}, "serial ports"),
    ({}, {"hw_architecture": "aarch64"}, "hw_architecture"), ({}, {"vm_mode": "xen"}, "hw_vm_mode"),
    ({}, {"hw_video_ram": "8"}, "maximum allowed by flavor 0"), ({"hw:sound_model": "virtio"}, {}, "sound"),
    ({"quota:cpu_shares": "x"}, {}, "no number")])
def test_an_extra_spec_or_property_that_the_host_lacks_is_refused(specs, properties, words):
    plain = Capabilities(nodes=(Node(0, frozenset({0, 1}), ((4, 1 << 20), (2048, 0))),))
    with pytest.raises(exceptions.NotOffered, match=words):
        guest_config.domain(with_specs(specs, **properties), settings(capabilities=plain))


@pytest.mark.parametrize("properties", [
    {"hw_architecture": "i686"}, {"architecture": "AMD64"}, {"hypervisor_type": "kvm"}, {"img_hv_type": "qemu"},
    {"vm_mode": "hvm"}])
def test_an_image_for_this_architecture_and_hypervisor_is_accepted(properties):
    assert guest_config.domain(with_properties(**properties), settings()).arch == "x86_64"


def test_the_thread_policy_isolate_is_refused_on_a_host_with_threads():
    specs = {"hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "isolate"}
    with pytest.raises(exceptions.NotOffered, match="threads"):
        guest_config.domain(with_specs(specs), settings(capabilities=HOST))
    assert guest_config.domain(with_specs(specs), settings(capabilities=dataclasses.replace(HOST, threads=False))).pins


def test_two_guests_with_dedicated_processors_share_none():
    spec = with_specs({"hw:cpu_policy": "dedicated"})
    host, seen = dataclasses.replace(HOST, taken=frozenset()), set()
    for _ in range(2):
        mine = {int(pin.cpuset) for pin in guest_config.domain(spec, settings(capabilities=host)).pins}
        assert len(mine) == 2 and not mine & seen
        seen |= mine
        host = dataclasses.replace(host, taken=host.taken | mine)
    with pytest.raises(exceptions.NotOffered, match="do not fit"):
        guest_config.domain(spec, settings(capabilities=host))


def test_page_size_any_takes_large_pages_if_enough_are_there():
    spec = with_specs({"hw:mem_page_size": "any"})
    one = Node(0, frozenset({0, 1}), ((4, 1 << 20), (2048, 300)))
    pages = guest_config.domain(spec, settings(capabilities=Capabilities(nodes=(one,)))).pages
    assert [page.size for page in pages] == [2048]
    few = dataclasses.replace(one, pages=((4, 1 << 20), (2048, 3)))
    assert guest_config.domain(spec, settings(capabilities=Capabilities(nodes=(few,)))).pages == ()


def test_characters_of_a_title_that_xml_forbids_become_spaces():
    made = guest_config.domain(dataclasses.replace(SPEC, title="a\x00b\nc<&>é\ud800😀"), settings())
    assert dom.Domain.parse(made.xml()).title == "a b c<&>é 😀"
    assert guest_config.domain(dataclasses.replace(SPEC, title=""), settings()).title is None


def test_every_disk_says_its_format_and_where_its_chain_ends():
    for spec, changes in CASES.values():
        for disk in guest_config.domain(spec, settings(**changes)).disks:
            assert disk.format
            if disk.device == "disk":
                assert bool(disk.backing.file) == bool(disk.backing.format) == disk.backing.end


def test_no_two_disks_share_a_target():
    for bus in ("virtio", "scsi", "sata", "ide"):
        disks = guest_config.domain(with_disks(DRIVE, hw_disk_bus=bus), settings()).disks
        assert len({disk.target for disk in disks}) == 2, bus


def test_a_q35_guest_has_a_port_for_each_device_and_the_spare_ones():
    ports = [each for each in guest_config.domain(SPEC, settings()).controllers if each.model == "pcie-root-port"]
    assert len(ports) == 8 + 4 + len(SPEC.vifs)
    older = guest_config.domain(with_properties(hw_machine_type="pc"), settings())
    assert not any(each.type == "pci" for each in older.controllers)


def test_an_undeclared_part_of_an_element_is_skipped_when_read():
    @element("thing")
    class Thing:
        size: int | None = at("size")
        on: bool | None = at("@on")
        marked: bool = at("mark", False)

    read = Thing.parse("<thing on='no' other='1'><strange/><size unit='m'> 7 </size></thing>")
    assert read == Thing(size=7, on=False, marked=False)
    assert Thing.parse("<thing><mark/></thing>") == Thing(marked=True)
    assert Thing(size=7, on=True).xml() == '<thing on="yes">\n  <size>7</size>\n</thing>\n'


@pytest.mark.parametrize("bus", ["virtio", "scsi", "sata", "ide"])
def test_names_of_local_disks_are_those_of_the_metadata(bus):
    spec = with_disks(*map(local_disk, LOCAL), hw_disk_bus=bus)
    found = {disk.file.rpartition("/")[2]: disk.target for disk in guest_config.domain(spec, settings()).disks}
    found[local_disks.ROOT] = found.pop("disk")
    assert found == local_disks.devices(LOCAL, bus)
    assert len(set(found.values())) == 4


def test_a_rescued_guest_has_its_local_disks_only_beside_a_stable_root_disk():
    spec = with_disks(*map(local_disk, LOCAL))
    for properties, count in (({}, 2), ({"hw_rescue_bus": "virtio"}, 5)):
        rescue = rescued(spec, types.SimpleNamespace(properties=properties), (None, None))
        assert len(guest_config.domain(rescue, settings()).disks) == count


def test_a_local_disk_on_a_bus_that_the_machine_lacks_is_refused():
    spec = with_disks(local_disk(LocalDisk("disk.eph0", 1024, bus="ide")))
    with pytest.raises(exceptions.NotOffered, match="no IDE"):
        guest_config.domain(spec, settings())


def test_a_disks_name_goes_on_after_z():
    assert [guest_config.target("vd", number) for number in (0, 25, 26, 51, 52, 701, 702)] == [
        "vda", "vdz", "vdaa", "vdaz", "vdba", "vdzz", "vdaaa"]


def test_a_volumes_limits_are_its_own_and_not_the_flavors():
    _, limited = guest_config.domain(CASES["disk_throttle"][0], settings()).disks
    assert (limited.total_bytes_sec, limited.read_iops_sec, limited.write_iops_sec) == (10485760, 100, 200)
    spec = dataclasses.replace(with_disks(RBD), extra_specs={"quota:disk_read_iops_sec": "50"})
    assert [disk.read_iops_sec for disk in guest_config.domain(spec, settings()).disks] == [50, None]


def test_a_boot_from_a_volume_needs_no_root_file():
    volume = dataclasses.replace(RBD, boot_index=0)
    [root, drive] = guest_config.domain(dataclasses.replace(SPEC, disks=(volume, DRIVE)), settings()).disks
    assert (root.protocol, root.target, root.boot_order, drive.device) == ("rbd", "vda", 1, "cdrom")
