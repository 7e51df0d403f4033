"""Image data in and out through the WSGI application: streamed, inspected, and gone without a trace when refused."""

import hashlib
import io
import os
import shutil
import subprocess

import pytest
from webob import Request

from nova_lite.common import concurrency
from nova_lite.conf import CONF
from nova_lite.db import images, session
from tests.image_service import (  # noqa: F401
    BACKED,
    BINARY,
    DATA_FILE,
    UNKNOWN_FEATURE,
    VMDK_EXTENT,
    context,
    qcow2,
    service,
)


def file(service, image):  # noqa: F811
    return service.facade.store.path(image["id"])


def test_a_host_fetches_any_image_and_does_nothing_else(service):  # noqa: F811
    """Its token has the role service, and neither a project nor another role."""
    data = qcow2()
    image = service.active(data, visibility="private")
    path = f"/images/{image['id']}"
    assert service.call("GET", f"{path}/file", user="host").body == data
    for method, of, body in (("GET", path, None), ("GET", "/images", None), ("DELETE", path, None),
                             ("PUT", f"{path}/file", data), ("PUT", f"{path}/tags/x", None),
                             ("POST", f"{path}/actions/deactivate", None)):
        assert service.call(method, of, body, "host").status_int == (403 if of == "/images" else 404), of
    assert service.call("GET", f"{path}/file", user="bob").status_int == 404


def upload(service, image, data, user="alice"):  # noqa: F811
    return service.call("PUT", f"/images/{image['id']}/file", data, user)


def is_untouched(service, image):  # noqa: F811
    """The image waits for data as if nobody had ever sent any, and nothing lies around."""
    now = service.show(image["id"])
    return (now["status"], now["size"], now["checksum"]) == ("queued", None, None) \
        and os.listdir(service.facade.store.directory) == ["incoming"] \
        and os.listdir(os.path.join(service.facade.store.directory, "incoming")) == []


class Stream(io.RawIOBase):
    """A body whose reading can go wrong: each of ``parts`` is what one read gives, or what it raises."""

    def __init__(self, *parts):
        self._parts = list(parts)

    def read(self, _size=-1):
        part = self._parts.pop(0) if self._parts else b""
        if isinstance(part, BaseException):
            raise part
        if callable(part):
            return part()
        return part


def send(service, image, stream, length=None):  # noqa: F811
    req = Request.blank(f"/image/v2/images/{image['id']}/file", method="PUT",
                        headers={"X-Auth-Token": "alice", "Content-Type": BINARY})
    req.environ["wsgi.input"] = stream
    req.environ["wsgi.input_terminated"] = True
    req.environ.pop("CONTENT_LENGTH", None)
    if length is not None:
        req.environ["CONTENT_LENGTH"] = str(length)
    return req.get_response(service.app)


def test_uploaded_data_is_hashed_measured_and_given_back(service):  # noqa: F811
    data = qcow2(size=5 << 20)
    image = service.active(data)
    assert (image["status"], image["size"], image["virtual_size"]) == ("active", len(data), 5 << 20)
    assert image["checksum"] == hashlib.md5(data).hexdigest()
    assert (image["os_hash_algo"], image["os_hash_value"]) == ("sha512", hashlib.sha512(data).hexdigest())
    answer = service.call("GET", f"/images/{image['id']}/file")
    assert answer.body == data
    assert answer.headers["Content-MD5"] == image["checksum"]
    assert answer.content_type == BINARY
    assert answer.content_length == len(data)


def test_the_download_of_an_image_without_data_is_204(service):  # noqa: F811
    assert service.call("GET", f"/images/{service.create()['id']}/file").status_int == 204


@pytest.mark.parametrize(("header", "status", "start", "end"), [
    ("bytes=0-3", 206, 0, 4), ("bytes=4000-", 206, 4000, 4096), ("bytes=-6", 206, 4090, 4096),
    ("bytes=0-99999", 206, 0, 4096), ("bytes=4096-", 416, 0, 0), ("bytes=5-2", 416, 0, 0), ("lines=1-2", 416, 0, 0),
    ("bytes=-", 416, 0, 0), ("bytes=0-1,3-4", 400, 0, 0)])
def test_a_single_range_of_the_data_is_served(service, header, status, start, end):  # noqa: F811
    image = service.active()
    answer = service.call("GET", f"/images/{image['id']}/file", Range=header)
    assert answer.status_int == status
    if status == 206:
        assert answer.body == qcow2()[start:end]
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/4096"


@pytest.mark.parametrize(("declared", "data", "text"), [
    ("qcow2", BACKED, "safety checks"),                     # CVE-2015-5163
    ("qcow2", DATA_FILE, "safety checks"),                  # CVE-2024-32498
    ("qcow2", UNKNOWN_FEATURE, "safety checks"),
    ("vmdk", VMDK_EXTENT, "safety checks"),                 # CVE-2022-47951
    ("raw", qcow2(), "does not match stream data qcow2"),   # CVE-2024-40767
    ("raw", VMDK_EXTENT, "does not match stream data vmdk"),
    ("qcow2", bytes(70_000), "does not match stream data raw")])
def test_data_of_another_format_than_declared_or_unsafe_is_refused(service, declared, data, text):  # noqa: F811
    image = service.create(disk_format=declared)
    answer = upload(service, image, data)
    assert answer.status_int == 415
    assert text in answer.text
    assert is_untouched(service, image)
    service.call("PATCH", f"/images/{image['id']}", [{"op": "replace", "path": "/disk_format", "value": "qcow2"}])
    assert upload(service, image, qcow2()).status_int == 204


def test_an_upload_that_ends_early_leaves_nothing(service):  # noqa: F811
    image = service.create()
    answer = send(service, image, Stream(qcow2()[:1000]), length=4096)
    assert answer.status_int == 400
    assert is_untouched(service, image)


@pytest.mark.parametrize("error", [ConnectionResetError(104, "Connection reset by peer"), SystemExit()])
def test_a_client_that_goes_away_leaves_nothing(service, error):  # noqa: F811
    image = service.create()
    stream = Stream(qcow2(), error)
    if isinstance(error, Exception):
        assert send(service, image, stream).status_int == 400
    else:
        with pytest.raises(SystemExit):
            send(service, image, stream)
    assert is_untouched(service, image)


def test_data_of_unknown_length_is_taken(service):  # noqa: F811
    image = service.create()
    assert send(service, image, Stream(qcow2()[:100], qcow2()[100:])).status_int == 204
    assert service.show(image["id"])["size"] == 4096


def test_data_beyond_the_limit_is_refused_whether_announced_or_not(service):  # noqa: F811
    CONF.set_override("max_size", 4000, "image")
    try:
        image = service.create()
        assert upload(service, image, qcow2()).status_int == 413
        assert send(service, image, Stream(qcow2())).status_int == 413
        assert is_untouched(service, image)
    finally:
        CONF.clear_override("max_size", "image")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a small filesystem needs root")
def test_a_full_store_answers_413_and_accepts_uploads_once_there_is_space(service, tmp_path):  # noqa: F811
    small = tmp_path / "images"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True)
    try:
        os.mkdir(small / "incoming")
        image, big = service.create(), qcow2() + bytes(3 << 20)
        assert upload(service, image, big).status_int == 413            # announced: refused before a byte
        service.facade.store.free = lambda: 1 << 40                       # as if the space had gone meanwhile
        answer = send(service, image, Stream(big))
        assert answer.status_int == 413
        assert "Image storage media is full" in answer.text
        assert is_untouched(service, image)
        assert upload(service, image, qcow2()).status_int == 204
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_second_upload_to_an_active_image_is_409(service):  # noqa: F811
    image = service.active()
    answer = upload(service, image, qcow2())
    assert answer.status_int == 409
    assert "transition from active to saving" in answer.text


def test_a_second_upload_to_an_image_that_is_being_uploaded_is_refused(service):  # noqa: F811
    image, seen = service.create(), []

    def meanwhile():
        seen.append(upload(service, image, qcow2()).status_int)
        seen.append(service.show(image["id"])["status"])
        return qcow2()

    assert send(service, image, Stream(meanwhile)).status_int == 204
    assert seen == [409, "saving"]


def test_an_image_deleted_while_it_is_uploaded_is_gone(service):  # noqa: F811
    image = service.create()

    def meanwhile():
        assert service.call("DELETE", f"/images/{image['id']}").status_int == 204
        return qcow2()

    assert send(service, image, Stream(meanwhile)).status_int == 410
    assert os.listdir(service.facade.store.directory) == ["incoming"]


def test_data_wants_formats_and_the_right_content_type(service):  # noqa: F811
    image = service.call("POST", "/images", {}).json
    answer = upload(service, image, qcow2())
    assert answer.status_int == 400
    assert "disk_format, container_format must be set" in answer.text
    answer = service.call("PUT", f"/images/{image['id']}/file", {"a": 1})
    assert answer.status_int == 415


def test_a_deactivated_image_gives_its_data_to_nobody_but_admins(service):  # noqa: F811
    image = service.active()
    for verb, status, member, admin in (("deactivate", "deactivated", 403, 200), ("reactivate", "active", 200, 200)):
        for _ in range(2):                                              # saying it twice is fine
            assert service.call("POST", f"/images/{image['id']}/actions/{verb}").status_int == 204
        assert service.show(image["id"])["status"] == status
        assert service.call("GET", f"/images/{image['id']}/file").status_int == member
        assert service.call("GET", f"/images/{image['id']}/file", user="admin").status_int == admin


def test_deleting_an_image_deletes_its_data(service):  # noqa: F811
    image = service.active()
    assert os.path.exists(file(service, image))
    assert service.call("DELETE", f"/images/{image['id']}").status_int == 204
    assert not os.path.exists(file(service, image))


def test_recovery_requeues_interrupted_uploads_and_removes_stray_files(service):  # noqa: F811
    kept, cut = service.active(), service.create()
    with session.writer() as s:
        images.update(s, cut["id"], {"status": "saving"})
    store = service.facade.store
    for path in (os.path.join(store.directory, "incoming", cut["id"] + ".half"), store.path(cut["id"]),
                 store.path("00000000-0000-4000-8000-000000000000")):
        with open(path, "wb") as left:
            left.write(b"left")
    service.facade.recover()
    assert service.show(cut["id"])["status"] == "queued"
    assert service.show(kept["id"])["status"] == "active"
    assert store.ids() == {kept["id"]}
    assert sorted(os.path.basename(path)[:36] for path, _ in store.quarantined()) == sorted(
        [cut["id"], "00000000-0000-4000-8000-000000000000"])
    assert os.listdir(os.path.join(store.directory, "incoming")) == []


def test_recovery_leaves_the_uploads_of_others_alone(service):  # noqa: F811
    image = service.create()
    stream = Stream(lambda: service.facade.recover() or qcow2())
    assert send(service, image, stream).status_int == 204
    assert service.show(image["id"])["status"] == "active"


def test_big_data_is_never_whole_in_memory(service):  # noqa: F811
    most = [0]

    class Zeros(io.RawIOBase):
        left = 64

        def read(self, size=-1):
            most[0] = max(most[0], size)
            self.left -= 1
            return bytes(1 << 20) if self.left >= 0 else b""

    image = service.create(disk_format="raw")
    assert send(service, image, Zeros()).status_int == 204
    assert most[0] <= 1 << 20
    answer = service.call("GET", f"/images/{image['id']}/file")
    assert max(len(chunk) for chunk in answer.app_iter) <= 1 << 20
    answer.app_iter.close()


def test_disks_are_read_and_written_off_the_main_loop(service, monkeypatch):  # noqa: F811
    used, native = [], concurrency.native
    monkeypatch.setattr(concurrency, "native", lambda fn, *a, **k: used.append(k["what"]) or native(fn, *a, **k))
    image = service.active()
    service.call("GET", f"/images/{image['id']}/file").body  # noqa: B018
    assert {"writing an image", "keeping an image", "reading an image"} <= set(used)


def test_a_file_can_be_imported_and_booted_from(service, tmp_path):  # noqa: F811
    path = tmp_path / "disk"
    path.write_bytes(qcow2(size=3 << 20))
    row = service.facade.import_file(context("admin"), str(path), name="cirros", disk_format="qcow2",
                                   visibility="public", min_disk=1, properties={"os_distro": "cirros"})
    assert (row.status, row.visibility) == ("active", "public")
    image = service.facade.for_server(context("bob"), row.id)
    assert (image.virtual_size, image.min_disk, image.properties["os_distro"]) == (3 << 20, 1, "cirros")
    assert os.path.samefile(image.path, service.facade.store.path(row.id))
    assert image.url.endswith(f"/image/v2/images/{row.id}/file")


def test_a_file_that_is_refused_leaves_no_image_behind(service, tmp_path):  # noqa: F811
    path = tmp_path / "disk"
    path.write_bytes(BACKED)
    with pytest.raises(Exception, match="safety checks"):
        service.facade.import_file(context("admin"), str(path), name="x", disk_format="qcow2")
    assert service.names(user="admin") == []
