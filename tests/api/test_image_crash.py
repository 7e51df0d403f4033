"""Images after a crash at the worst moment: usable again, nothing left, nothing active without its file."""

import contextlib
import errno
import os
import threading

import pytest
from sqlalchemy.exc import OperationalError

from nova_lite.common import exceptions, unit_of_work
from nova_lite.db import images, session
from nova_lite.image.receive import Incoming
from tests.api.test_image_data import Stream, file, is_untouched, send
from tests.image_service import context, qcow2, service  # noqa: F401


class Died(BaseException):
    """kill -9, as a test can have it: no code of ours runs after it."""


def away(*_args, **_rest):
    raise OperationalError("BEGIN", {}, Exception("the database is away"))


def dying(act):
    with pytest.raises(Died):
        act()


@pytest.mark.parametrize("moment", ["store.keep", "_activate"])
def test_an_upload_that_died_can_be_sent_again(service, monkeypatch, moment):  # noqa: F811
    image = service.create()
    with monkeypatch.context() as patch:
        patch.setattr(service.facade, "_abandoned", lambda image_id: None)
        owner, _, name = moment.rpartition(".")
        patch.setattr(service.facade.store if owner else service.facade, name, lambda *_: (_ for _ in ()).throw(Died))
        dying(lambda: service.facade.upload(context("alice"), image["id"], Stream(qcow2())))
    assert service.show(image["id"])["status"] == "saving"
    service.facade.recover()
    assert is_untouched(service, image)
    assert send(service, image, Stream(qcow2())).status_int == 204
    service.facade.recover()
    assert service.show(image["id"])["status"] == "active"
    assert os.path.exists(file(service, image))


def test_an_upload_that_lost_the_database_at_its_end_leaves_no_file(service, monkeypatch):  # noqa: F811
    """Neither that it is active nor that it is not could be written."""
    image = service.create()

    with monkeypatch.context() as patch:
        patch.setattr(service.facade, "_activate", away)
        patch.setattr(service.facade, "_abandon", away)
        assert send(service, image, Stream(qcow2())).status_int >= 400
    service.facade.recover()
    assert is_untouched(service, image)


def died_at_its_end(service, monkeypatch):  # noqa: F811
    image = service.create()
    with monkeypatch.context() as patch:
        patch.setattr(service.facade.store, "settle", lambda *_: (_ for _ in ()).throw(Died))
        dying(lambda: service.facade.upload(context("alice"), image["id"], Stream(qcow2())))
    return image


def test_an_upload_that_died_after_its_commit_keeps_its_file(service, monkeypatch):  # noqa: F811
    image = died_at_its_end(service, monkeypatch)
    service.facade.recover()
    assert service.call("GET", f"/images/{image['id']}/file").body == qcow2()
    assert os.listdir(os.path.join(service.facade.store.directory, "incoming")) == []


def test_another_file_of_the_same_image_is_set_aside(service, monkeypatch):  # noqa: F811
    """As where the database is an older one, in which the image was being uploaded."""
    image, store = died_at_its_end(service, monkeypatch), service.facade.store
    os.unlink(store.path(image["id"]))
    with open(store.path(image["id"]), "wb") as other:
        other.write(b"other")
    with session.writer() as s:
        images.update(s, image["id"], {"status": "saving"})
    service.facade.recover()
    [(path, size)] = store.quarantined()
    assert (os.path.basename(path)[:36], size) == (image["id"], 5)
    assert service.show(image["id"])["status"] == "queued"


def test_a_store_without_hard_links_takes_uploads(service, monkeypatch):  # noqa: F811
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EPERM, "no links here")))
    image = service.create()
    assert send(service, image, Stream(qcow2())).status_int == 204
    assert service.call("GET", f"/images/{image['id']}/file").body == qcow2()
    assert os.listdir(os.path.join(service.facade.store.directory, "incoming")) == []


def test_a_commit_whose_answer_was_lost_leaves_the_file_of_an_active_image(service, monkeypatch):  # noqa: F811
    activate = service.facade._activate

    def lost(*args):
        activate(*args)
        raise OperationalError("COMMIT", {}, Exception("the connection broke"))

    monkeypatch.setattr(service.facade, "_activate", lost)
    image = service.create()
    assert send(service, image, Stream(qcow2())).status_int >= 500
    assert service.show(image["id"])["status"] == "active"
    assert service.call("GET", f"/images/{image['id']}/file").body == qcow2()


def test_an_upload_that_fails_while_the_database_is_away_is_mended_by_the_next_sweep(service, monkeypatch):  # noqa: F811
    image = service.create()

    with monkeypatch.context() as patch:
        stream = Stream(lambda: patch.setattr(session, "engine", away) or (_ for _ in ()).throw(OSError("cut")))
        assert send(service, image, stream).status_int >= 400
    assert service.show(image["id"])["status"] == "saving"
    service.facade.recover()
    assert is_untouched(service, image)


def test_a_delete_that_died_before_the_file_was_gone_leaves_none(service, monkeypatch):  # noqa: F811
    image = service.active()
    with monkeypatch.context() as patch:
        patch.setattr(service.facade.store, "delete", lambda *_: (_ for _ in ()).throw(Died))
        dying(lambda: service.facade.delete(context("alice"), image["id"]))
    assert os.path.exists(file(service, image))
    service.facade.recover()
    assert os.listdir(service.facade.store.directory) == ["incoming"]


def test_a_delete_succeeds_though_its_file_cannot_be_removed(service, monkeypatch):  # noqa: F811
    image = service.active()
    with monkeypatch.context() as patch:
        patch.setattr(service.facade.store, "delete", lambda *_: (_ for _ in ()).throw(OSError("I/O error")))
        assert service.call("DELETE", f"/images/{image['id']}").status_int == 204
    assert service.call("GET", f"/images/{image['id']}").status_int == 404
    service.facade.recover()
    assert not os.path.exists(file(service, image))


def test_an_import_that_died_leaves_neither_image_nor_file(service, tmp_path, monkeypatch):  # noqa: F811
    path = tmp_path / "disk"
    path.write_bytes(qcow2())
    with monkeypatch.context() as patch:
        patch.setattr(images, "insert", lambda *_: (_ for _ in ()).throw(Died))
        dying(lambda: service.facade.import_file(context("admin"), str(path), name="x", disk_format="qcow2"))
    assert service.names(user="admin") == []
    service.facade.recover()
    assert service.facade.store.ids() == set()
    assert len(service.facade.store.quarantined()) == 1       # the database does not know that it ever was ours


def test_a_sweep_in_the_middle_of_an_import_takes_nothing(service, tmp_path, monkeypatch):  # noqa: F811
    path = tmp_path / "disk"
    path.write_bytes(qcow2())
    insert = images.insert

    def swept(s, values):
        service.facade._remove_strays(service.facade.store.ids())
        insert(s, values)

    monkeypatch.setattr(images, "insert", swept)
    row = service.facade.import_file(context("admin"), str(path), name="x", disk_format="qcow2")
    service.facade.recover()
    assert os.path.exists(service.facade.store.path(row.id))


def test_sweeps_never_take_a_file_that_is_being_made(tmp_path):
    """A sweep may come between the open and the lock of a new file: its maker must notice."""
    incoming, stop, failures = Incoming(str(tmp_path / "incoming")), threading.Event(), []

    def sweep():
        while not stop.is_set():
            incoming.sweep()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for number in range(300):
            with incoming.file("name") as made:
                try:
                    incoming.keep(made, str(tmp_path / f"kept{number}"))
                except FileNotFoundError as error:
                    failures.append(error)
    finally:
        stop.set()
        sweeper.join()
    assert not failures


def test_tags_that_are_added_at_once_are_all_kept(service):  # noqa: F811
    image = service.create()
    adding = [threading.Thread(target=lambda tag=f"t{number}": service.call("PUT", f"/images/{image['id']}/tags/{tag}"))
              for number in range(8)]
    for each in adding:
        each.start()
    for each in adding:
        each.join()
    assert sorted(service.show(image["id"])["tags"]) == [f"t{number}" for number in range(8)]


def test_an_image_that_is_protected_meanwhile_is_not_deleted(service, monkeypatch):  # noqa: F811
    image = service.active()
    show = service.facade.show

    def protect():
        with session.writer() as s:
            images.update(s, image["id"], {"protected": True})

    def protected_meanwhile(*args):
        row = show(*args)
        other = threading.Thread(target=protect)
        other.start()
        other.join()
        return row

    monkeypatch.setattr(service.facade, "show", protected_meanwhile)
    assert service.call("DELETE", f"/images/{image['id']}").status_int == 403
    with pytest.raises(exceptions.Forbidden):
        service.facade.delete(context("alice"), image["id"])


@pytest.mark.parametrize("delete", [
    lambda served, image_id: served.facade.delete(context("alice"), image_id),
    lambda served, image_id: _discard(served, image_id)])
@pytest.mark.parametrize("end", [None, Died])
def test_the_file_of_an_image_goes_with_the_transaction_that_deleted_it(service, delete, end):  # noqa: F811
    """A server may have nothing else than the image that it was shelved into."""
    image = service.active()
    with contextlib.suppress(Died), unit_of_work.begin():
        delete(service, image["id"])
        assert os.path.exists(file(service, image))
        if end:
            raise end
    assert os.path.exists(file(service, image)) is bool(end)
    assert service.call("GET", f"/images/{image['id']}").status_int == (200 if end else 404)


def _discard(service, image_id):  # noqa: F811
    service.facade.discard(image_id)


def test_a_protected_image_is_not_discarded_and_a_missing_one_is_ignored(service):  # noqa: F811
    image = service.active(protected=True)
    _discard(service, image["id"])
    _discard(service, "00000000-0000-4000-8000-000000000000")
    assert service.show(image["id"])["status"] == "active"
