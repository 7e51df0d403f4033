"""Which pages may open a console and show its page in a frame."""

import pytest

from nova_lite.conf import CONF
from nova_lite.console.origins import Origins


@pytest.fixture
def allow():
    """Sets ``[console] allowed_origins``."""
    yield lambda *entries: CONF.set_override("allowed_origins", list(entries), "console")
    CONF.clear_override("allowed_origins", "console")


def allowed(base_url, origin, host="cloud.example"):
    return Origins(base_url).allow({"host": host, "origin": origin})


def test_a_client_that_sends_no_origin_is_allowed():
    assert Origins("https://cloud.example/vnc_lite.html").allow({"host": "anything"})


@pytest.mark.parametrize(("origin", "right"), [
    ("https://cloud.example", True), ("https://cloud.example:443", True), ("https://CLOUD.example", True),
    ("http://cloud.example", False), ("https://cloud.example:8443", False), ("https://evil.example", False),
    ("https://cloud.example.evil.example", False), ("null", False), ("", False), ("https://[", False)])
def test_a_configured_proxy_url_allows_only_its_origin(origin, right):
    assert allowed("https://cloud.example/vnc_lite.html", origin) is right
    assert allowed("wss://cloud.example/", origin) is right


def test_a_configured_url_outweighs_the_host_header():
    assert not allowed("https://cloud.example/", "http://10.0.0.9:6080", host="10.0.0.9:6080")


@pytest.mark.parametrize(("origin", "right"), [
    ("http://10.0.0.9:6080", True), ("http://10.0.0.9", False), ("http://10.0.0.9:8774", False),
    ("http://10.0.0.8:6080", False)])
def test_an_unset_proxy_url_allows_only_the_requested_host_and_port(origin, right):
    assert allowed("", origin, host="10.0.0.9:6080") is right


def test_an_allowed_origin_is_exact_and_an_allowed_host_has_any_scheme_and_port(allow):
    allow("https://dash.example:8443", "other.example", "third.example:81")
    url = "https://cloud.example/"
    assert [allowed(url, each) for each in (
        "https://dash.example:8443", "http://other.example", "https://other.example:9", "http://third.example:81")] == [
            True] * 4
    assert not any(allowed(url, each) for each in (
        "http://dash.example:8443", "https://dash.example", "https://x.other.example", "https://third.example"))


def test_allowed_origins_may_frame_the_console_page(allow):
    allow("https://dash.example:8443", "other.example", "third.example:81")
    assert Origins("https://cloud.example/vnc_lite.html").ancestors() == (
        "'self' https://cloud.example:443 https://dash.example:8443 http://other.example:* https://other.example:* "
        "http://third.example:81 https://third.example:81")


def test_without_allowed_origins_only_the_proxys_own_pages_may_frame_it():
    assert Origins().ancestors() == "'self'"


@pytest.mark.parametrize("wrong", ["https://a.example/path", "ftp://a.example", "a b", "*", "a.example; script-src *",
                                   "'self'", "a.example\r\nX: y", ""])
def test_an_invalid_allowed_origin_is_refused(allow, wrong):
    with pytest.raises(ValueError):
        allow(wrong)
