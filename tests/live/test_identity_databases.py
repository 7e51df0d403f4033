"""Grants, races and names of identity that differ by case alone, on SQLite, PostgreSQL and MariaDB."""

import pytest

from tests.api.test_identity_grants import (  # noqa: F401
    group,
    roles,
    test_a_members_token_gains_and_loses_the_roles_of_its_group,
    test_an_inherited_grant_on_a_domain_reaches_its_projects_and_not_the_domain,
    test_deleting_one_side_of_a_grant_deletes_the_grant,
    test_projects_reached_by_a_group_or_by_inheritance_are_listed,
    test_the_same_role_may_be_given_directly_and_inherited,
)
from tests.api.test_identity_lists import (  # noqa: F401
    test_a_login_names_user_project_and_domain_in_any_case,
    test_names_that_differ_by_case_alone_conflict,
    test_roles_of_one_name_in_any_case_are_one,
)
from tests.api.test_identity_races import *  # noqa: F403
from tests.api.test_identity_revisions import (  # noqa: F401
    test_a_cloud_that_is_restored_from_a_backup_voids_all_tokens_of_before,
    test_a_database_that_was_set_back_ends_the_tokens_that_it_does_not_know,
    test_a_token_made_after_a_change_is_good_on_another_machine_at_once,
    test_a_write_on_another_machine_is_refused_at_once,
    test_no_request_that_begins_after_a_revocation_succeeds_and_none_before_it_fails,
    test_the_check_of_a_write_is_one_statement,
)
from tests.identity_service import Service
from tests.live import databases


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def service(conf, url):  # noqa: F811
    conf.set_override("password_hash_rounds", 4, "identity")
    with databases.connected(conf, url):
        yield Service()
    conf.clear_override("password_hash_rounds", "identity")


def test_the_first_changes_of_several_processes_come_one_by_one(service):
    def made(number):
        return service.identity.domains.create({"name": f"d{number}", "description": ""})
    with databases.session.engine().begin() as connection:
        connection.exec_driver_sql("DELETE FROM identity_revision")
    rows = databases.at_once([lambda number=number: made(number) for number in range(6)])
    assert [each.name for each in rows] == [f"d{number}" for number in range(6)]
    with databases.session.engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT number FROM identity_revision").scalar_one() == 6


def test_failed_logins_that_come_at_once_are_all_counted(service):
    assert {each.status_int for each in databases.at_once([lambda: service.login("demo", "wrong")] * 6)} == {401}
    with databases.session.engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM identity_login_attempts").scalar_one() == 3
