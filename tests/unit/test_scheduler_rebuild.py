"""Another image for a server that is placed: what looks at images is asked of its own host, and nothing else is."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import context, exceptions
from nova_lite.conf import CONF
from nova_lite.db.models.servers import Server
from tests.scheduler_service import Placing

IMAGE = "5f3c0bd4-3a3c-4bd0-8b0f-6a5a6a3d7d11"


@pytest.fixture
def placing(database):
    return Placing()


def asked(placing, **properties):
    """The scheduler's answer to a conductor that asks about an image for a server on the full, disabled host "a"."""
    placing.host("b")
    placing.host("a", vcpus=1, availability_zone="gone", disabled=True)
    server = placing.server(vcpus=3, extra_specs={"trait:CUSTOM_GONE": "required"})
    with db.writer() as session:
        session.execute(sa.update(Server).where(Server.id == server[0]), {
            "host": "a", "image_id": IMAGE, "image_properties": properties})
    try:
        return placing.endpoint.check_image(context.admin(), server[1], 1), placing.decision(server)
    except exceptions.NoValidHost as error:
        return str(error), placing.decision(server)


def test_a_rebuild_checks_only_the_image_of_its_host(placing):
    answer, kept = asked(placing, hw_architecture="x86_64")
    assert (answer, kept["chosen"], kept["hosts"]) == ("a", "a", 1)


@pytest.mark.parametrize(("properties", "said", "name"), [
    ({"hw_architecture": "aarch64"}, "cannot run images of this kind", "ImagePropertiesFilter"),
    ({"trait:HW_CPU_X86_AVX512F": "required"}, "does not have the traits asked for", "traits"),
])
def test_a_rebuild_that_its_host_may_not_run_is_refused_with_a_kept_reason(placing, properties, said, name):
    answer, kept = asked(placing, **properties)
    assert answer == f"No valid host was found. 1 host: 1 {said}."
    assert (kept["chosen"], [each[:2] for each in kept["refused"]]) == (None, [["a", name]])


def test_images_that_are_kept_for_other_hosts_are_refused(placing):
    CONF.set_override("enabled_filters", ["IsolatedHostsFilter"], "scheduler")
    CONF.set_override("isolated_images", [IMAGE], "scheduler")
    try:
        assert "1 not among those kept for its image" in asked(placing)[0]
    finally:
        CONF.clear_override("enabled_filters", "scheduler")
        CONF.clear_override("isolated_images", "scheduler")


def test_aggregates_that_are_for_other_images_refuse_it(placing):
    CONF.set_override("enabled_filters", ["AggregateImagePropertiesIsolation"], "scheduler")
    placing.aggregate({"os_distro": "debian"}, "a")
    try:
        answer, kept = asked(placing, os_distro="windows")
    finally:
        CONF.clear_override("enabled_filters", "scheduler")
    assert answer.startswith("No valid host was found. 1 host: ")
    assert kept["refused"][0][1] == "AggregateImagePropertiesIsolation"
