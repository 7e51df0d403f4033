"""A database that is full or may only be read: 503 in words, nothing changed, reading goes on, no traceback."""

import json
import logging
import types

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite import db
from nova_lite.api.wsgi import app
from nova_lite.common import exceptions
from nova_lite.db import errors
from nova_lite.db import session as sessions
from nova_lite.image.api import API as Image
from tests.compute_service import Tokens

FLAVORS, NETWORKS, IMAGES = "/compute/v2.1/flavors", "/network/v2.0/networks", "/image/v2/images"
BODIES = {FLAVORS: {"flavor": {"name": "f", "ram": 1, "vcpus": 1, "disk": 1, "description": "x" * 60000}},
          NETWORKS: {"network": {"name": "n"}}, IMAGES: {"name": "i", "disk_format": "raw", "container_format": "bare"}}


@pytest.fixture
def ask(cloud):
    made = app.build(types.SimpleNamespace(identity=Tokens(), compute=cloud.compute, network=cloud.network,
                                           image=Image()), services=("compute", "network", "image"))

    def call(method, path, body=None, **headers):
        req = Request.blank(path, method=method, headers={
            "X-Auth-Token": "admin", "OpenStack-API-Version": "compute 2.55", "Content-Type": "application/json",
            **headers})
        if body is not None:
            req.body = json.dumps(body).encode()
        return req.get_response(made)
    return call


@pytest.fixture(params=["full", "read-only"])
def refusing(request, cloud):
    """The words for what the database now says to each write."""
    pragma = "query_only=ON"
    if request.param == "full":
        with db.reader() as session:
            pragma = f"max_page_count={session.execute(sa.text('PRAGMA page_count')).scalar()}"

    def connect(raw, _record):
        raw.execute(f"PRAGMA {pragma}")
    sessions.engine().dispose()
    sa.event.listen(sessions.engine(), "connect", connect)
    yield {"full": "no space left", "read-only": "may only be read"}[request.param]
    sa.event.remove(sessions.engine(), "connect", connect)
    sessions.engine().dispose()


def refused(ask, path, with_key):
    """The first answer to a POST that is no success; a full database may still take a row or two."""
    for number in range(2000):
        body = json.loads(json.dumps(BODIES[path]).replace('"f"', f'"f{number}"'))
        answer = ask("POST", path, body, **({"Idempotency-Key": str(number)} if with_key else {}))
        if answer.status_int >= 400:
            return answer
    raise AssertionError("everything was written")


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("with_key", [False, True])
def test_a_refused_write_is_503_with_a_reason_and_reads_succeed(ask, refusing, caplog, path, with_key):
    caplog.set_level(logging.INFO)
    answer = refused(ask, path, with_key)
    assert answer.status_int == 503 and refusing in answer.text and "Nothing was changed" in answer.text, answer.text
    assert answer.headers["Retry-After"]
    caught = [each for each in caplog.records if refusing in each.getMessage()]
    assert caught and all(each.levelno == logging.WARNING and not each.exc_info for each in caught)
    assert not any(each.exc_info for each in caplog.records)
    assert ask("GET", path).status_int == 200


def psycopg_error(sqlstate):
    psycopg = pytest.importorskip("psycopg")
    return psycopg.errors.lookup(sqlstate)("the server's words")


def pymysql_error(number, text="the server's words"):
    err = pytest.importorskip("pymysql").err
    kind = err.error_map.get(number, err.InternalError if number < 1000 else err.OperationalError)
    return kind(number, text)


@pytest.mark.parametrize(("original", "kind", "status"), [
    (lambda: psycopg_error("53100"), exceptions.DatabaseFull, 503),
    (lambda: psycopg_error("25006"), exceptions.DatabaseReadOnly, 503),
    (lambda: psycopg_error("22003"), exceptions.TooLargeNumber, 400),
    (lambda: psycopg_error("22001"), exceptions.TooLongText, 400),
    (lambda: pymysql_error(1021), exceptions.DatabaseFull, 503),
    (lambda: pymysql_error(1114), exceptions.DatabaseFull, 503),
    (lambda: pymysql_error(3, "Error writing file 'x' (Errcode: 28 \"No space left on device\")"),
     exceptions.DatabaseFull, 503),
    (lambda: pymysql_error(1290), exceptions.DatabaseReadOnly, 503),
    (lambda: pymysql_error(1792), exceptions.DatabaseReadOnly, 503),
    (lambda: pymysql_error(1836), exceptions.DatabaseReadOnly, 503),
    (lambda: pymysql_error(1264), exceptions.TooLargeNumber, 400),
    (lambda: pymysql_error(1406), exceptions.TooLongText, 400)])
def test_error_codes_of_other_databases_are_translated_alike(original, kind, status):
    made = original()
    with pytest.raises(kind) as caught, errors.translated():
        raise sa.exc.DBAPIError.instance("INSERT", None, made, type(made).__mro__[-3])
    assert caught.value.status == status
