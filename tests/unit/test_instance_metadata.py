"""A guest's metadata, in both formats, as it stands on a config drive."""

import base64
import datetime
import json

import pytest

from nova_lite.common import ec2_metadata, instance_metadata
from nova_lite.objects.server import Address, Flavor, Image, Nic, Server

KEY = "ssh-ed25519 AAAA me@here"


def make_server(**more):
    address = Address.make(ip="10.1.0.7", cidr="10.1.0.0/24", gateway="10.1.0.1", version=4, dns=["9.9.9.9"], dhcp=True,
                           subnet_id="s")
    static = Address.make(ip="10.2.0.7", cidr="10.2.0.0/20", gateway=None, version=4, dns=["9.9.9.9"], dhcp=False,
                          subnet_id="t")
    nics = [Nic.make(port_id=f"0000000{number}-aaaa-4aaa-8aaa-aaaaaaaaaaaa", network_id=f"n{number}", mtu=1450,
                     network_name="net", mac=f"fa:16:3e:00:00:0{number}", vif_type="bridge", vnic_type="normal",
                     tag="front" if number else None, addresses=[each])
            for number, each in enumerate((address, static))]
    values = {
        "id": "1ad4cd3f-0000-4000-8000-000000000001", "number": 42, "display_name": "My VM", "hostname": "my-vm",
        "project_id": "p", "user_id": "u", "created_at": datetime.datetime(2026, 1, 1), "vm_state": "active",
        "task_state": None, "power_state": 1, "host": "h", "availability_zone": None, "launch_index": 3,
        "reservation_id": "r-1", "key_name": "me", "public_key": KEY, "key_type": "ssh", "metadata": {"role": "web"},
        "user_data": base64.b64encode(b"#!/bin/sh\n\xff").decode(), "config_drive": True, "admin_pass": None,
        "injected_files": [], "local_disks": [],
        "image": Image.make(id="deadbeef-0000-4000-8000-000000000001", name="tiny", properties={}),
        "flavor": Flavor.make(name="m1.tiny", ephemeral_gb=0, swap_mb=0), "nics": nics}
    return Server.make(**values | more)


@pytest.fixture
def server(conf):
    return make_server()


def read(documents, path):
    return json.loads(documents[path])


def test_meta_data_identifies_the_guest(server):
    meta = read(instance_metadata.documents(server), "openstack/latest/meta_data.json")
    seed = meta.pop("random_seed")
    assert len(base64.b64decode(seed)) == 512
    assert meta == {
        "uuid": server.id, "hostname": "my-vm.novalocal", "name": "My VM", "launch_index": 3, "project_id": "p",
        "availability_zone": "nova", "meta": {"role": "web"}, "public_keys": {"me": KEY}, "dedicated_cpus": [],
        "keys": [{"name": "me", "type": "ssh", "data": KEY}],
        "devices": [{"type": "nic", "mac": "fa:16:3e:00:00:01", "tags": ["front"], "bus": "none", "address": "none"}]}


def test_injected_files_are_named_in_meta_data_and_stand_below_content(conf):
    files = [{"path": "/etc/motd", "contents": base64.b64encode(b"hi\n").decode()},
             {"path": "C:\\a", "contents": base64.b64encode(b"\0\xff").decode()}]
    made = instance_metadata.documents(make_server(injected_files=files))
    for version in ("2012-08-10", "latest"):
        named = read(made, f"openstack/{version}/meta_data.json")["files"]
        assert named == [{"path": "/etc/motd", "content_path": "/content/0000"},
                         {"path": "C:\\a", "content_path": "/content/0001"}]
    assert [made[f"openstack{each['content_path']}"] for each in named] == [b"hi\n", b"\0\xff"]


def test_base64_that_requests_may_contain_is_decoded(conf):
    made = instance_metadata.documents(make_server(user_data="aGk=\u00e9", injected_files=[
        {"path": "a", "contents": "a\u00e9Gk="}]))
    assert made["openstack/latest/user_data"] == made["openstack/content/0000"] == b"hi"


def test_disks_are_named_by_their_devices_and_tags(conf):
    asked = {"size_mb": None, "boot_index": None, "bus": None, "tag": None}
    made = instance_metadata.documents(make_server(
        nics=[], flavor=Flavor.make(name="f", ephemeral_gb=1, swap_mb=64),
        local_disks=[{**asked, "format": "root", "bus": "scsi", "tag": "os"},
                     {**asked, "format": None, "size_mb": "1024", "bus": "virtio", "tag": "scratch"}]))
    devices = read(made, "openstack/latest/meta_data.json")["devices"]
    assert [(each["type"], each["tags"]) for each in devices] == [("disk", ["os"]), ("disk", ["scratch"])]
    assert read(made, "ec2/latest/meta-data.json")["block-device-mapping"] == {
        "ami": "sda", "root": "/dev/sda", "ephemeral0": "/dev/vda", "swap": "/dev/sdb"}


def test_the_password_is_only_where_it_was_given(server):
    given = instance_metadata.documents(server, admin_pass="secret")
    assert read(given, "openstack/2012-08-10/meta_data.json")["admin_pass"] == "secret"
    assert b"secret" not in b"".join(instance_metadata.documents(server).values())


def test_documents_omit_attributes_that_a_server_lacks(conf):
    documents = instance_metadata.documents(make_server(key_name=None, public_key=None, user_data=None, metadata={}))
    meta = read(documents, "openstack/latest/meta_data.json")
    assert not {"public_keys", "keys", "meta", "admin_pass"} & set(meta)
    assert "openstack/latest/user_data" not in documents and "ec2/latest/user-data" not in documents


def test_old_versions_have_only_the_documents_of_their_time(server):
    documents = instance_metadata.documents(server)
    names = {version: {path.rpartition("/")[2] for path in documents if path.startswith(f"openstack/{version}/")}
             for version in (*instance_metadata.VERSIONS, "latest")}
    assert names["2012-08-10"] == {"meta_data.json", "user_data"}
    assert names["2013-10-17"] == {"meta_data.json", "user_data", "vendor_data.json"}
    assert names["2016-10-06"] == names["latest"] == {"meta_data.json", "user_data", "vendor_data.json",
                                                      "network_data.json", "vendor_data2.json"}
    assert "project_id" not in read(documents, "openstack/2013-10-17/meta_data.json")
    assert documents["openstack/latest/user_data"] == b"#!/bin/sh\n\xff"


def test_network_data_distinguishes_dhcp_from_static_addresses(server):
    shown = instance_metadata.network_data(server.nics)
    one, two = server.nics
    assert shown["links"][0] == {"id": one.tap, "vif_id": one.port_id, "type": "bridge", "mtu": 1450,
                                "ethernet_mac_address": one.mac}
    assert shown["networks"] == [
        {"id": "network0", "link": one.tap, "network_id": "n0", "type": "ipv4_dhcp"},
        {"id": "network1", "link": two.tap, "network_id": "n1", "type": "ipv4", "ip_address": "10.2.0.7",
         "netmask": "255.255.240.0", "routes": [], "services": [{"type": "dns", "address": "9.9.9.9"}]}]
    assert shown["services"] == [{"type": "dns", "address": "9.9.9.9"}]


def test_ec2_names_the_same_server(server):
    documents = instance_metadata.documents(server)
    shown = read(documents, "ec2/latest/meta-data.json")
    assert (shown["instance-id"], shown["ami-id"], shown["local-ipv4"]) == ("i-0000002a", "ami-deadbeef", "10.1.0.7")
    assert shown["placement"] == {"availability-zone": "nova"} and shown["instance-type"] == "m1.tiny"
    assert documents["ec2/2009-04-04/user-data"] == b"#!/bin/sh\n\xff"
    assert "placement" not in ec2_metadata.tree(server, "2007-12-15")


def test_a_name_with_a_domain_keeps_it(conf):
    assert ec2_metadata.hostname(make_server(hostname="a.example.org")) == "a.example.org"
    conf.set_override("dns_domain", "", "network")
    assert ec2_metadata.hostname(make_server()) == "my-vm"
