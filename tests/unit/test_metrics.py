"""Metrics: each request counts once, figures come from the database, nothing listens unless configured."""

import socket
import subprocess
import sys
import threading

import pytest

from nova_lite import db
from nova_lite.cmd import metrics
from nova_lite.common import exceptions, request_counts
from nova_lite.db import drifts
from nova_lite.objects.drift import KINDS, Finding


@pytest.fixture(autouse=True)
def nothing_counted():
    request_counts.take()


def ask(path="/metrics", method="GET"):
    """(status, text)"""
    said = []
    body = metrics.app({"PATH_INFO": path, "REQUEST_METHOD": method}, lambda status, headers: said.append(
        (status, dict(headers))))
    (status, headers), text = said[0], b"".join(body).decode()
    assert method == "HEAD" or int(headers["Content-Length"]) == len(text.encode())
    return int(status[:3]), text


def test_requests_of_many_threads_are_all_counted():
    def answer():
        for _ in range(1000):
            request_counts.answered(("compute", "GET", 200, 0.25))
    threads = [threading.Thread(target=answer) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert request_counts.take() == {("compute", "GET", 200): (4000, 1000.0)}
    assert request_counts.take() == {}


def test_requests_with_unknown_methods_are_counted_together(database):
    for method in ("BREW", "WHEN"):
        request_counts.answered(("none", method, 405, 0.0))
    metrics.flush_requests()
    assert 'nova_lite_requests_total{method="other",service="none",status="405"} 2.0' in ask()[1]


def test_counts_of_several_processes_add_up(database):
    for _ in range(2):
        request_counts.answered(("image", "PUT", 204, 1.5))
        metrics.flush_requests()
    text = ask()[1]
    assert 'nova_lite_requests_total{method="PUT",service="image",status="204"} 2.0' in text
    assert 'nova_lite_request_seconds_total{method="PUT",service="image",status="204"} 3.0' in text


def test_every_kind_of_drift_has_its_figures_from_the_start(database):
    text = ask()[1]
    for kind in KINDS:
        for name in ("found_total", "repaired_total", "open"):
            assert f'nova_lite_drift_{name}{{kind="{kind}"}} 0.0' in text
    with db.writer() as session:
        drifts.record(session, "h", [Finding.of("guest_unknown", "g")])
    text = ask()[1]
    assert 'nova_lite_drift_found_total{kind="guest_unknown"} 1.0' in text
    assert 'nova_lite_drift_open{kind="guest_unknown"} 1.0' in text


def test_paths_and_methods_other_than_get_metrics_are_refused(database):
    assert ask("/") == (404, "There is /metrics.\n")
    assert ask(method="POST")[0] == 405
    assert ask(method="HEAD") == (200, "")


def test_metrics_without_a_database_are_503_without_details(database, monkeypatch):
    monkeypatch.setattr(metrics.drifts, "counters", lambda session: 1 / 0)
    assert ask() == (503, "The log says why.\n")


def test_metrics_are_not_served_by_default(conf):
    assert metrics.serve() is None


def test_a_service_starts_though_its_metrics_port_is_in_use(conf, caplog):
    with socket.create_server(("127.0.0.1", 0)) as other:
        conf.set_override("listen", f"127.0.0.1:{other.getsockname()[1]}", "metrics")
        assert metrics.serve() is None
    assert "No metrics from this process: Cannot listen on 127.0.0.1" in caplog.text


def test_an_invalid_metrics_address_is_refused(conf):
    conf.set_override("listen", "9774", "metrics")
    with pytest.raises(exceptions.Misconfigured):
        metrics.serve()


@pytest.mark.slow
def test_the_library_is_loaded_when_somebody_asks():
    """What nobody uses costs neither memory nor time to start."""
    code = ("import sys; from nova_lite.cmd import preload; preload.quiet_libraries(); import nova_lite.cmd.services; "
            "print('prometheus_client' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
