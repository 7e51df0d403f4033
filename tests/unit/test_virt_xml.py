"""Domain XML: golden files pin the text, and what is written reads back the same."""

import dataclasses
import pathlib

import pytest

from nova_lite.common import exception
from nova_lite.virt.driver import Disk, GuestSpec, Vif
from nova_lite.virt.libvirt import build
from nova_lite.virt.libvirt.abilities import Abilities, Node
from nova_lite.virt.libvirt.disks import Files
from nova_lite.virt.libvirt.xml import domain as dom
from nova_lite.virt.libvirt.xml.element import at, element
from tests import hypervisor

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
ID = "5c1d6a52-8f1b-4a43-9f19-5d3a40a6c1f0"
SPEC = GuestSpec(
    id=ID, name="instance-0000002a", title="web 1", project_id="9a3f", user_id="77b0", vcpus=2, memory_mb=512,
    disk=Disk("/var/lib/nova_lite/cache/images/3f2c", "qcow2", 10),
    vifs=(Vif("fa:16:3e:01:02:03", "tap0a1b2c3d-4e", "nlb5f6a7b8c-9d", 1450),),
    flavor_name="m1.small", image_id="3f2c")


def site(**changes):
    conf = hypervisor.configuration("/var/lib/nova_lite")
    for name in [each for each in changes if each in conf.libvirt]:
        conf.set_override(name, changes.pop(name), "libvirt")
    return build.Site(**{"cloud": "/var/lib/nova_lite", "virt_type": "qemu", "options": conf.libvirt,
                         "files": Files(f"/var/lib/nova_lite/instances/{ID}")} | changes)


def with_properties(**properties):
    return dataclasses.replace(SPEC, image_properties=properties)


def with_specs(specs, **properties):
    return dataclasses.replace(SPEC, extra_specs=specs, image_properties=properties)


#: Two nodes of four processors; 1-2 and 5-7 may be dedicated, 1 is taken.
HOST = Abilities(
    nodes=(Node(0, frozenset(range(4)), ((4, 1 << 20), (2048, 64))),
           Node(1, frozenset(range(4, 8)), ((4, 1 << 20), (2048, 1024), (1 << 20, 0)))),
    threads=True, dedicated=frozenset({1, 2, 5, 6, 7}), taken=frozenset({1}))

CASES = {
    "emulated": (SPEC, {}),
    "kvm_config_drive": (SPEC, {"virt_type": "kvm", "config_drive": True}),
    "empty_disk_no_nic": (dataclasses.replace(SPEC, disk=Disk(None, None, 1), vifs=()), {"cache": "writeback"}),
    "pc_ide_e1000": (with_properties(hw_disk_bus="ide", hw_vif_model="e1000", os_type="windows"),
                     {"config_drive": True}),
    "q35_scsi_uefi": (with_properties(hw_disk_bus="scsi", hw_firmware_type="uefi", hw_video_model="virtio"),
                      {"cpu_mode": "maximum", "tb_cache_mb": 0, "spare_pcie_ports": 0}),
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
                        {"abilities": Abilities(secure_boot=True, tpm=True)}),
    "numa_pages": (with_specs({
        "hw:numa_nodes": "2", "hw:numa_cpus.0": "0", "hw:numa_cpus.1": "1", "hw:numa_mem.0": "128",
        "hw:numa_mem.1": "384", "hw:mem_page_size": "large", "hw:locked_memory": "true"}), {"abilities": HOST}),
    "pinned": (with_specs({"hw:cpu_policy": "dedicated", "hw:emulator_threads_policy": "isolate",
                           "hw:cpu_thread_policy": "require"}), {"abilities": HOST}),
    "mixed": (with_specs({"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "1"}), {"abilities": HOST}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_same_spec_gives_the_same_xml(case):
    spec, changes = CASES[case]
    golden = GOLDEN / f"domain_{case}.xml"
    assert build.domain(spec, site(**changes)).xml() == golden.read_text(), f"if it is meant, write {golden.name} anew"


@pytest.mark.parametrize("case", CASES)
def test_a_domain_reads_back_as_it_was_written(case):
    spec, changes = CASES[case]
    written = build.domain(spec, site(**changes))
    assert dom.Domain.parse(written.xml()) == written


@pytest.mark.parametrize("properties", [
    {"hw_disk_bus": "floppy"}, {"hw_vif_model": "token-ring"}, {"hw_video_model": "cga"},
    {"hw_firmware_type": "coreboot"}])
def test_hardware_that_there_is_not_is_refused(properties):
    with pytest.raises(exception.ImageUnacceptable, match=next(iter(properties))):
        build.domain(with_properties(**properties), site())


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
def test_what_a_host_cannot_give_is_refused_and_never_ignored(specs, properties, words):
    plain = Abilities(nodes=(Node(0, frozenset({0, 1}), ((4, 1 << 20), (2048, 0))),))
    with pytest.raises(exception.NotOffered, match=words):
        build.domain(with_specs(specs, **properties), site(abilities=plain))


@pytest.mark.parametrize("properties", [
    {"hw_architecture": "i686"}, {"architecture": "AMD64"}, {"hypervisor_type": "kvm"}, {"img_hv_type": "qemu"},
    {"vm_mode": "hvm"}])
def test_images_for_hosts_like_this_one_are_run(properties):
    assert build.domain(with_properties(**properties), site()).arch == "x86_64"


def test_a_guest_is_refused_where_threads_are_not_as_it_needs_them():
    specs = {"hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "isolate"}
    with pytest.raises(exception.NotOffered, match="threads"):
        build.domain(with_specs(specs), site(abilities=HOST))
    assert build.domain(with_specs(specs), site(abilities=dataclasses.replace(HOST, threads=False))).pins


def test_no_two_guests_get_the_same_processor():
    spec = with_specs({"hw:cpu_policy": "dedicated"})
    host, seen = dataclasses.replace(HOST, taken=frozenset()), set()
    for _ in range(2):
        mine = {int(pin.cpuset) for pin in build.domain(spec, site(abilities=host)).pins}
        assert len(mine) == 2 and not mine & seen
        seen |= mine
        host = dataclasses.replace(host, taken=host.taken | mine)
    with pytest.raises(exception.NotOffered, match="do not fit"):
        build.domain(spec, site(abilities=host))


def test_any_page_size_is_large_where_there_are_large_ones_and_usual_elsewhere():
    spec = with_specs({"hw:mem_page_size": "any"})
    one = Node(0, frozenset({0, 1}), ((4, 1 << 20), (2048, 300)))
    assert [page.size for page in build.domain(spec, site(abilities=Abilities(nodes=(one,)))).pages] == [2048]
    few = dataclasses.replace(one, pages=((4, 1 << 20), (2048, 3)))
    assert build.domain(spec, site(abilities=Abilities(nodes=(few,)))).pages == ()


def test_a_title_that_xml_cannot_carry_is_mended():
    made = build.domain(dataclasses.replace(SPEC, title="a\x00b\nc<&>é\ud800😀"), site())
    assert dom.Domain.parse(made.xml()).title == "a b c<&>é 😀"
    assert build.domain(dataclasses.replace(SPEC, title=""), site()).title is None


def test_every_disk_says_its_format_and_where_its_chain_ends():
    for spec, changes in CASES.values():
        for disk in build.domain(spec, site(config_drive=True, **{k: v for k, v in changes.items()
                                                                  if k != "config_drive"})).disks:
            assert disk.format
            assert disk.device == "cdrom" or disk.backing is not None
            assert disk.device == "cdrom" or bool(disk.backing.file) == bool(disk.backing.format) == disk.backing.end


def test_no_two_disks_share_a_target():
    for bus in ("virtio", "scsi", "sata", "ide"):
        disks = build.domain(with_properties(hw_disk_bus=bus), site(config_drive=True)).disks
        assert len({disk.target for disk in disks}) == 2, bus


def test_a_q35_guest_has_ports_for_its_devices_and_the_spare_ones():
    ports = [each for each in build.domain(SPEC, site()).controllers if each.model == "pcie-root-port"]
    assert len(ports) == 8 + 4 + len(SPEC.vifs)
    older = build.domain(with_properties(hw_machine_type="pc"), site())
    assert not any(each.type == "pci" for each in older.controllers)


def test_what_an_element_does_not_declare_is_skipped():
    @element("thing")
    class Thing:
        size: int | None = at("size")
        on: bool | None = at("@on")
        marked: bool = at("mark", False)

    read = Thing.parse("<thing on='no' other='1'><strange/><size unit='m'> 7 </size></thing>")
    assert read == Thing(size=7, on=False, marked=False)
    assert Thing.parse("<thing><mark/></thing>") == Thing(marked=True)
    assert Thing(size=7, on=True).xml() == '<thing on="yes">\n  <size>7</size>\n</thing>\n'
