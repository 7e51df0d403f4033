"""A host's image cache: verified, atomic, one download at a time, and honest about the disk."""

import contextlib
import hashlib
import http.server
import os
import shutil
import subprocess
import threading
import uuid

import pytest

from nova_lite.common import exceptions
from nova_lite.compute.tasks.spec import root_disk
from nova_lite.conf import CONF
from nova_lite.image.cache import ImageCache
from nova_lite.objects.server import Image
from nova_lite.virt.libvirt import disks
from tests.image_service import BACKED, qcow2


@pytest.fixture(autouse=True)
def state(tmp_path):
    overrides = {None: {"state_dir": str(tmp_path), "host": "h1"}, "image": {"reserved_mb": 0, "download_attempts": 2}}
    for group, values in overrides.items():
        for name, value in values.items():
            CONF.set_override(name, value, group)
    yield
    for group, values in overrides.items():
        for name in values:
            CONF.clear_override(name, group)


@pytest.fixture
def web():
    """A small image service: ``web.data`` is what it sends, ``web.broken`` answers that end too early come first."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            web.asked.append(self.headers.get("X-Auth-Token"))
            self.send_response(web.status)
            self.send_header("Content-Length", str(len(web.data)))
            self.end_headers()
            if web.gate:
                web.gate.wait(60)
            cut = web.broken > 0
            web.broken -= 1
            self.wfile.write(web.data[:100] if cut else web.data)

        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.asked, web.status, web.data, web.broken, web.gate = [], 200, qcow2(), 0, None
    web.url = f"http://127.0.0.1:{web.server_port}/image/v2/images/x/file"
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    yield web
    web.shutdown()
    web.server_close()


def image(data=None, **fields):
    data = qcow2() if data is None else data
    values = {"id": str(uuid.uuid4()), "name": "i", "disk_format": "qcow2", "size": len(data), "virtual_size": 1 << 20,
              "checksum": hashlib.sha512(data).hexdigest(), "hash_algo": "sha512", "min_disk": 0, "min_ram": 0,
              "properties": {}, "path": None, "url": None, "token": None}
    return Image.make(**values | fields)


def stored(tmp_path, data=None, name="stored"):
    path = tmp_path / name
    path.write_bytes(qcow2() if data is None else data)
    return str(path)


def files(cache):
    return sorted(each.name for each in os.scandir(cache.directory) if each.is_file())


def test_an_image_on_the_same_filesystem_gets_a_second_name(tmp_path):
    cache, path = ImageCache(), stored(tmp_path)
    got, disk_format = cache.fetch(image(path=path))
    assert disk_format == "qcow2"
    assert os.path.samefile(got, path)
    assert cache.size >= 4096


def test_an_image_that_cannot_be_linked_is_copied(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(18, "Invalid cross-device link")
    monkeypatch.setattr(os, "link", refuse)
    cache, path = ImageCache(), stored(tmp_path)
    got, _ = cache.fetch(image(path=path))
    assert not os.path.samefile(got, path)
    with open(got, "rb") as file:
        assert file.read() == qcow2()
    assert os.stat(got).st_mode & 0o777 == 0o440


def test_an_image_elsewhere_is_downloaded_once_with_the_token_it_came_with(web):
    cache, wanted = ImageCache(), image(url=web.url, token="secret", path="/not/here")
    first, _ = cache.fetch(wanted)
    second, _ = cache.fetch(wanted)
    assert first == second
    assert web.asked == ["secret"]


def test_a_download_that_breaks_is_tried_again(web, monkeypatch):
    monkeypatch.setattr("nova_lite.common.concurrency.sleep", lambda _: None)
    web.broken = 1
    cache = ImageCache()
    cache.fetch(image(url=web.url))
    assert len(web.asked) == 2
    assert len(files(cache)) == 1


def test_bytes_that_do_not_match_the_hash_never_enter_the_cache(tmp_path, web, monkeypatch):
    monkeypatch.setattr("nova_lite.common.concurrency.sleep", lambda _: None)
    cache = ImageCache()
    web.data = qcow2(features=2)
    for wanted in (image(url=web.url), image(path=stored(tmp_path, qcow2(features=2)))):
        with pytest.raises(exceptions.ImageFetchFailed, match="do not match its hash"):
            cache.fetch(wanted)
    assert files(cache) == []
    assert os.listdir(os.path.join(cache.directory, "incoming")) == []


def test_an_image_is_verified_again_before_anything_opens_it(tmp_path, web):
    cache = ImageCache()
    web.data = BACKED
    for wanted in (image(BACKED, url=web.url), image(BACKED, path=stored(tmp_path, BACKED)),
                   image(path=stored(tmp_path), disk_format="raw"), image(path=stored(tmp_path), virtual_size=5)):
        with pytest.raises(exceptions.ImageFetchFailed):
            cache.fetch(wanted)
    assert files(cache) == []


@pytest.mark.parametrize("status", [401, 404])
def test_a_refusal_is_not_asked_for_twice(web, status):
    web.status = status
    with pytest.raises(exceptions.ImageFetchFailed, match=str(status)):
        ImageCache().fetch(image(url=web.url))
    assert len(web.asked) == 1


def test_a_redirect_does_not_get_the_token(web, monkeypatch):
    monkeypatch.setattr("nova_lite.common.concurrency.sleep", lambda _: None)
    web.status = 302
    with pytest.raises(exceptions.ImageFetchFailed, match="302"):
        ImageCache().fetch(image(url=web.url, token="secret"))


def test_a_service_that_is_away_is_said_to_be(monkeypatch):
    monkeypatch.setattr("nova_lite.common.concurrency.sleep", lambda _: None)
    with pytest.raises(exceptions.ImageFetchFailed, match="(?i)refused"):
        ImageCache().fetch(image(url="http://127.0.0.1:1/x"))


def test_an_image_that_many_want_at_once_is_downloaded_once(web):
    cache, wanted = ImageCache(), image(url=web.url)
    web.gate = threading.Event()
    got = []
    threads = [threading.Thread(target=lambda: got.append(cache.fetch(wanted))) for _ in range(5)]
    for each in threads:
        each.start()
    web.gate.set()
    for each in threads:
        each.join(60)
    assert len(got) == 5
    assert len(set(got)) == len(web.asked) == 1


def test_an_image_that_does_not_fit_is_refused_before_it_is_downloaded(web):
    CONF.set_override("reserved_mb", 1 << 40, "image")
    with pytest.raises(exceptions.NoSpace, match="image cache of the host"):
        ImageCache().fetch(image(url=web.url))


def test_a_cancelled_fetch_stops_waiting_for_the_image(web):
    """Neither by who gets it from a service that sends nothing, nor by who waits for that one."""
    web.gate, unwanted, errors = threading.Event(), threading.Event(), []
    cache, wanted = ImageCache(), image(url=web.url)

    def get():
        with pytest.raises(exceptions.Cancelled) as caught:
            cache.fetch(wanted, unwanted.is_set)
        errors.append(caught)
    threads = [threading.Thread(target=get) for _ in range(3)]
    for each in threads:
        each.start()
    threading.Timer(0.3, unwanted.set).start()
    for each in threads:
        each.join(60)
    web.gate.set()
    assert len(errors) == 3
    assert files(cache) == os.listdir(cache.incoming) == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a small filesystem needs root")
def test_a_disk_that_fills_up_on_the_way_leaves_nothing(tmp_path, web):
    with small_disk(tmp_path / "small"):
        CONF.set_override("cache_dir", str(tmp_path / "small" / "cache"), "image")
        try:
            cache = ImageCache()
            cache._free = lambda: 1 << 40           # as if somebody else had taken the space meanwhile
            web.data = qcow2() + os.urandom(3 << 20)
            with pytest.raises(exceptions.NoSpace):
                cache.fetch(image(web.data, url=web.url))
            assert files(cache) == os.listdir(os.path.join(cache.directory, "incoming")) == []
        finally:
            CONF.clear_override("cache_dir", "image")


@contextlib.contextmanager
def small_disk(path):
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_partial_downloads_are_removed_at_the_next_start():
    cache = ImageCache()
    left = os.path.join(cache.directory, "incoming", "half")
    with open(left, "wb") as file:
        file.write(b"half")
    ImageCache()
    assert not os.path.exists(left)


def test_pruning_keeps_images_that_are_used_or_were_used_lately(tmp_path):
    cache = ImageCache()
    used, old, fresh = (image(path=stored(tmp_path, name=name)) for name in ("used", "old", "fresh"))
    paths = {each.id: cache.fetch(each)[0] for each in (used, old, fresh)}
    for each in (used, old):
        os.utime(paths[each.id], (0, 0))
    removed = cache.prune({used.id}, 3600)
    assert [name[:36] for name in removed] == [old.id]
    assert sorted(name[:36] for name in files(cache)) == sorted([used.id, fresh.id])


def test_an_image_below_a_disk_stays_whosever_the_disk_is(tmp_path):
    """As when the database is an older one: it names no server that was made from the image."""
    cache, made = ImageCache(), image(path=stored(tmp_path))
    path = cache.fetch(made)[0]
    files = disks.Files.of(str(tmp_path), "33333333-3333-4333-8333-333333333333")
    files.make()
    disks.ensure(files, root_disk(path, "raw", 1))
    os.utime(path, (0, 0))
    assert cache.prune(set(), 3600, disks.bases(str(tmp_path))) == []
    files.remove()
    assert cache.prune(set(), 3600, disks.bases(str(tmp_path))) == [os.path.basename(path)]


@pytest.mark.parametrize("fields", [{"id": "../../etc/passwd"}, {"checksum": "../../../../x"}])
def test_no_id_becomes_a_path_unchecked(tmp_path, fields):
    with pytest.raises(ValueError, match="not an image id"):
        ImageCache().fetch(image(path=stored(tmp_path), **fields))
