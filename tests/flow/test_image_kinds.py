"""Images that no guest boots are refused before anything of a server is touched."""

import uuid

import pytest

from tests.image_service import BINARY, qcow2

UNKNOWN = {"architecture": "x64", "hw_architecture": "x64", "vm_mode": "foo", "hw_vm_mode": "foo",
           "hypervisor_type": "foo", "img_hv_type": "foo", "cinder_encryption_key_id": str(uuid.uuid4())}


@pytest.fixture
def image(cloud):
    """Makes active images with properties; they are deleted."""
    made = []

    def make(**properties):
        answer = cloud.post("/image/v2/images", {
            "name": "kind", "disk_format": "qcow2", "container_format": "bare", **properties})
        assert answer.status == 201, answer.text
        made.append(answer.body["id"])
        answer = cloud.request("PUT", f"/image/v2/images/{made[-1]}/file", data=qcow2(),
                               headers={"Content-Type": BINARY})
        assert answer.status == 204, answer.text
        return made[-1]

    yield make
    for each in made:
        cloud.delete(f"/image/v2/images/{each}")


def test_images_for_other_hypervisors_are_refused_for_boot_rebuild_and_rescue(cloud, image):
    server = cloud.boot(imageRef=image())
    for name, value in UNKNOWN.items():
        other = image(**{name: value})
        answers = {
            "boot": cloud.create(imageRef=other),
            "rebuild": cloud.act(server["id"], "rebuild", {"imageRef": other}),
            "rescue": cloud.act(server["id"], "rescue", {"rescue_image_ref": other}, version="2.87")}
        for what, answer in answers.items():
            assert answer.status == 400, (name, what, answer.text)
        assert value[:4] in answers["boot"].text or "encrypted volume" in answers["boot"].text
        now = cloud.show(server["id"])
        assert (now["status"], now["OS-EXT-STS:task_state"]) == ("ACTIVE", None), name
    assert now["image"] == server["image"]


@pytest.mark.parametrize(("name", "value"), [
    ("architecture", "AMD64"), ("hw_architecture", "x86_64"), ("vm_mode", "HVM"), ("hw_vm_mode", "baremetal")])
def test_images_boot_with_every_spelling_of_supported_properties(cloud, image, name, value):
    cloud.boot(imageRef=image(**{name: value}))
