"""doc/compatibility.rst says what the tables say."""

from tests.conformance import functional_clouds, page, tables


def test_the_page_is_not_older_than_its_tables():
    with open(page.PAGE) as file:
        assert file.read() == page.text(), "make it anew: python -m tests.conformance.page"


def test_the_page_lists_every_route_and_action():
    text = page.text()
    for entry in (*tables.routes(), *tables.actions()):
        assert entry.retired or f"``{entry}``" in text


def test_the_page_gives_every_reason_why_tests_of_clients_do_not_pass():
    text = page.text()
    for name, reason in functional_clouds.not_passed().items():
        assert f"``{name.partition('.v2.')[2]}``" in text and reason in text


def test_the_page_gives_every_reason_of_not_yet():
    text = page.text()
    for (_, name), reason in tables.not_yet().items():
        assert f"``{name}``" in text and reason in text
