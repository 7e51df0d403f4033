"""How many images and bytes a project may keep: in Glance's words, whoever comes at once and however bytes come."""

import os
import threading

import pytest

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import images
from tests.api.test_image_data import Stream, is_untouched, send
from tests.image_service import context, qcow2, service  # noqa: F401

MIB = 1 << 20


@pytest.fixture
def quota():
    """Sets limits for one test: ``quota(count_total=1)``."""
    made = []

    def set_limits(**limits):
        for name, value in limits.items():
            made.append(f"quota_image_{name}")
            CONF.set_override(made[-1], value, "image")
    yield set_limits
    for name in made:
        CONF.clear_override(name, "image")


def refusal(answer, project, resource, limit, used, delta):
    assert answer.status_int == 413, answer.text
    assert (f"Project {project} is over a limit for [Resource {resource} is over limit of {limit} due to current "
            f"usage {used} and delta {delta}]") in answer.text
    return True


def big(size=MIB):
    return qcow2(padding=size)


def used(service, user="alice"):  # noqa: F811
    return {name.removeprefix("image_"): each["usage"]
            for name, each in service.call("GET", "/info/usage", user=user).json["usage"].items()}


def test_a_project_has_no_more_images_than_it_may(service, quota):  # noqa: F811
    quota(count_total=2)
    first = service.create()
    service.create()
    body = {"name": "third", "disk_format": "qcow2", "container_format": "bare"}
    assert refusal(service.call("POST", "/images", body), "pa", "image_count_total", 2, 2, 1)
    service.create(user="bob")                                  # another project's
    assert service.call("DELETE", f"/images/{first['id']}").status_int == 204
    service.create()
    assert used(service) == {"count_total": 2, "size_total": 0, "count_uploading": 0}


def test_an_upload_that_says_its_size_is_refused_before_its_first_byte(service, quota):  # noqa: F811
    quota(size_total=3)
    service.active(big(2 * MIB))
    image, stream = service.create(), Stream(lambda: pytest.fail("it was read"))
    assert refusal(send(service, image, stream, length=2 * MIB), "pa", "image_size_total", 3, 2, 2)
    assert service.show(image["id"])["status"] == "queued"


def test_an_upload_that_does_not_say_its_size_is_cut_off_at_the_limit(service, quota):  # noqa: F811
    quota(size_total=2)
    image, came = service.create(), []
    stream = Stream(*[lambda: came.append(1) or big() if not came else came.append(1) or bytes(MIB)] * 9)
    assert refusal(send(service, image, stream), "pa", "image_size_total", 2, 0, 3)
    assert len(came) == 3
    assert is_untouched(service, image)
    assert send(service, image, Stream(big(2 * MIB))).status_int == 204
    assert used(service)["size_total"] == 2


def test_two_concurrent_uploads_do_not_exceed_the_quota_together(service, quota):  # noqa: F811
    quota(size_total=3)
    first, second = service.create(), service.create()
    answers = []

    def meanwhile():
        answers.append(send(service, second, Stream(big(2 * MIB))))
        return big(2 * MIB)
    assert refusal(send(service, first, Stream(meanwhile)), "pa", "image_size_total", 3, 2, 2)
    assert [each.status_int for each in answers] == [204]
    assert service.show(first["id"])["status"] == "queued"
    assert service.facade.store.ids() == {second["id"]}
    assert not os.path.exists(service.facade.store.quarantine)


def test_a_project_has_no_more_uploads_under_way_than_it_may(service, quota):  # noqa: F811
    quota(count_uploading=1)
    first, second = service.create(), service.create()
    answers = []

    def meanwhile():
        assert used(service)["count_uploading"] == 1
        answers.append(send(service, second, Stream(qcow2())))
        return qcow2()
    assert send(service, first, Stream(meanwhile)).status_int == 204
    assert refusal(answers[0], "pa", "image_count_uploading", 1, 1, 1)
    assert send(service, second, Stream(qcow2())).status_int == 204


def test_one_of_many_concurrent_creations_gets_the_last_image_of_the_quota(service, quota):  # noqa: F811
    quota(count_total=1)
    outcomes = []

    def create():
        try:
            service.facade.create(context("alice"), {"name": "i"})
            outcomes.append("made")
        except exceptions.TooLarge:
            outcomes.append("refused")
    threads = [threading.Thread(target=create) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["made"] + ["refused"] * 7
    with db.reader() as s:
        assert images.usage(s, "pa").count == 1


def test_an_imported_file_counts_as_well(service, quota, tmp_path):  # noqa: F811
    quota(size_total=1)
    path = tmp_path / "disk"
    path.write_bytes(big(2 * MIB))
    with pytest.raises(exceptions.TooLarge, match="image_size_total"):
        service.facade.import_file(context("alice"), str(path), name="x", disk_format="qcow2")
    assert service.names() == []


def test_quotas_of_minus_one_do_not_limit_images(service, quota):  # noqa: F811
    quota(count_total=-1, size_total=-1, count_uploading=-1)
    service.active(big())
    limits = service.call("GET", "/info/usage").json["usage"]
    assert {each["limit"] for each in limits.values()} == {-1}


def test_an_image_quota_of_zero_refuses_every_image_and_upload(service, quota):  # noqa: F811
    image = service.create()
    quota(size_total=0)
    assert refusal(send(service, image, Stream(qcow2())), "pa", "image_size_total", 0, 0, 0)
