"""The unmodified python-glanceclient, -keystoneclient and -neutronclient, as Horizon and Heat use them.

Each test is one story of what a user does with that client, against a whole cloud with the fake driver.
"""

import contextlib
import io

import pytest
from glanceclient import exc as glance_errors
from glanceclient.v2 import client as glance
from keystoneauth1 import exceptions as keystone_errors
from keystoneauth1.identity import generic, v3
from keystoneauth1.session import Session
from keystoneclient.v3 import client as keystone
from neutronclient.common import exceptions as neutron_errors
from neutronclient.v2_0 import client as neutron

from tests import clouds

DATA = b"no disk at all, and so a raw one " * 1000


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    made = clouds.Cloud(clouds.Single(), tmp_path_factory.mktemp("cloud"))
    try:
        yield made.start()
    finally:
        made.stop()


def session(cloud, user, password=None, project=None):
    return Session(auth=v3.Password(
        auth_url=f"{cloud.url}/identity/v3", username=user, password=password or cloud.passwords()[user],
        user_domain_id="default", project_name=project or user, project_domain_id="default"))


@pytest.fixture(scope="module")
def as_demo(cloud):
    return session(cloud, "demo")


@pytest.fixture(scope="module")
def as_admin(cloud):
    return session(cloud, "admin")


@pytest.mark.parametrize("path", ["", "/", "/identity", "/identity/v3"])
def test_a_client_logs_in_by_the_bare_url_of_the_cloud_as_by_that_of_identity(cloud, path):
    client = Session(auth=generic.Password(
        auth_url=cloud.url + path, username="demo", password=cloud.passwords()["demo"], user_domain_id="default",
        project_name="demo", project_domain_id="default"))
    assert client.get_user_id() and client.get_project_id()
    assert client.get("/projects", endpoint_filter={"service_type": "compute", "min_version": "2.1"},
                      raise_exc=False).status_code == 404       # the catalog leads to compute, which has no such path


# ---- glanceclient

@pytest.fixture
def images(as_demo):
    return glance.Client(session=as_demo)


@pytest.fixture
def image(images):
    """An image without data, that goes after the test."""
    made = images.images.create(name="one", disk_format="raw", container_format="bare", visibility="shared",
                                colour="red")
    yield made
    with contextlib.suppress(glance_errors.HTTPNotFound):
        images.images.delete(made.id)


def test_an_image_is_uploaded_and_comes_back_the_same(images, image):
    assert (image.status, image.colour) == ("queued", "red")
    images.images.upload(image.id, io.BytesIO(DATA), image_size=len(DATA))
    shown = images.images.get(image.id)
    assert (shown.status, shown.size) == ("active", len(DATA))
    assert b"".join(images.images.data(image.id)) == DATA           # it compares the checksum, too
    assert image.id in [each.id for each in images.images.list()]


def test_an_upload_of_unknown_size_is_sent_in_chunks(images, image):
    class Pipe:
        read = io.BytesIO(DATA).read
    images.images.upload(image.id, Pipe())
    assert images.images.get(image.id).size == len(DATA)


def test_an_image_without_data_downloads_as_nothing(images, image):
    assert images.images.data(image.id).wrapped is None


def test_tags_are_added_and_removed(images, image):
    images.image_tags.update(image.id, "blue")
    assert images.images.get(image.id).tags == ["blue"]
    assert [each.id for each in images.images.list(filters={"tag": ["blue"]})] == [image.id]
    images.image_tags.delete(image.id, "blue")
    assert images.images.get(image.id).tags == []
    with pytest.raises(glance_errors.HTTPNotFound):
        images.image_tags.delete(image.id, "blue")


def test_properties_are_changed_and_removed(images, image):
    changed = images.images.update(image.id, remove_props=["colour"], name="two", size_of="large")
    assert (changed.name, changed.size_of, hasattr(changed, "colour")) == ("two", "large", False)


def test_an_administrator_deactivates_an_image_and_its_owner_cannot_read_it(images, image, as_admin):
    images.images.upload(image.id, io.BytesIO(DATA), image_size=len(DATA))
    admin = glance.Client(session=as_admin)
    admin.images.deactivate(image.id)
    assert images.images.get(image.id).status == "deactivated"
    with pytest.raises(glance_errors.HTTPForbidden):
        images.images.data(image.id)
    admin.images.reactivate(image.id)
    assert b"".join(images.images.data(image.id)) == DATA


def test_an_image_is_shared_with_another_project(images, image, as_admin):
    other, project = glance.Client(session=as_admin), as_admin.get_project_id()
    assert images.image_members.create(image.id, project).status == "pending"
    assert other.image_members.update(image.id, project, "accepted").status == "accepted"
    assert [each.member_id for each in images.image_members.list(image.id)] == [project]
    images.image_members.delete(image.id, project)
    assert list(images.image_members.list(image.id)) == []


def test_a_deleted_image_is_gone(images, image):
    images.images.delete(image.id)
    with pytest.raises(glance_errors.HTTPNotFound):
        images.images.get(image.id)


# ---- keystoneclient

@pytest.fixture
def identity(as_admin):
    return keystone.Client(session=as_admin)


@pytest.fixture
def project(identity):
    made = identity.projects.create("a project", domain="default", description="of a test")
    yield made
    identity.projects.delete(made)


@pytest.fixture
def user(identity):
    made = identity.users.create("a user", domain="default", password="first-secret", email="a@example.org")
    yield made
    identity.users.delete(made)


def test_a_user_is_found_changed_disabled_and_enabled(identity, user):
    assert [each.id for each in identity.users.list(name="a user")] == [user.id]
    assert identity.users.update(user, description="changed", email="b@example.org").email == "b@example.org"
    assert identity.users.update(user, enabled=False).enabled is False
    assert identity.users.update(user, enabled=True).enabled is True


def test_a_project_is_found_and_changed(identity, project):
    assert identity.projects.find(name="a project").id == project.id
    assert identity.projects.update(project, name="another", enabled=False).name == "another"
    assert identity.projects.get(project.id).enabled is False


def test_a_role_that_is_granted_lets_a_user_in_and_revoked_keeps_it_out(cloud, identity, user, project):
    role = identity.roles.find(name="member")
    with pytest.raises(keystone_errors.Unauthorized):
        session(cloud, "a user", "first-secret", "a project").get_token()
    identity.roles.grant(role, user=user, project=project)
    identity.roles.check(role, user=user, project=project)
    assert [each.id for each in identity.roles.list(user=user, project=project)] == [role.id]
    assigned = identity.role_assignments.list(user=user.id, project=project.id)
    assert [each.role["id"] for each in assigned] == [role.id]
    theirs = session(cloud, "a user", "first-secret", "a project")
    assert theirs.get_project_id() == project.id
    assert [each.id for each in keystone.Client(session=theirs).auth.projects()] == [project.id]
    identity.roles.revoke(role, user=user, project=project)
    with pytest.raises(keystone_errors.NotFound):
        identity.roles.check(role, user=user, project=project)
    with pytest.raises(keystone_errors.Unauthorized):
        session(cloud, "a user", "first-secret", "a project").get_token()


def test_a_user_changes_the_own_password(cloud, identity, user, project):
    identity.roles.grant(identity.roles.find(name="member"), user=user, project=project)
    theirs = keystone.Client(session=session(cloud, "a user", "first-secret", "a project"))
    theirs.users.update_password("first-secret", "second-secret")
    assert session(cloud, "a user", "second-secret", "a project").get_token()
    with pytest.raises(keystone_errors.Unauthorized):
        session(cloud, "a user", "first-secret", "a project").get_token()


def test_a_role_is_made_renamed_and_deleted(identity):
    role = identity.roles.create("auditor")
    assert identity.roles.update(role, name="inspector").name == "inspector"
    identity.roles.delete(role)
    assert "inspector" not in [each.name for each in identity.roles.list()]


def test_a_domain_has_users_of_its_own_and_is_deleted_when_it_is_disabled(identity, user):
    domain = identity.domains.create("a domain", description="x")
    namesake = identity.users.create("a user", domain=domain, password="another-secret")
    assert [each.id for each in identity.users.list(domain=domain)] == [namesake.id]
    with pytest.raises(keystone_errors.Forbidden):
        identity.domains.delete(domain)
    identity.domains.update(domain, enabled=False)
    identity.domains.delete(domain)
    with pytest.raises(keystone_errors.NotFound):
        identity.users.get(namesake.id)


def test_a_token_is_validated_and_revoked(cloud, identity):
    token = session(cloud, "demo").get_token()
    assert identity.tokens.validate(token).username == "demo"
    identity.tokens.revoke_token(token)
    with pytest.raises(keystone_errors.NotFound):
        identity.tokens.validate(token)


def test_two_users_of_one_name_are_a_conflict(identity, user):
    with pytest.raises(keystone_errors.Conflict):
        identity.users.create("a user", domain="default")


# ---- neutronclient

@pytest.fixture
def networking(as_demo):
    return neutron.Client(session=as_demo)


@pytest.fixture
def network(networking):
    made = networking.create_network({"network": {"name": "a network"}})["network"]
    yield made
    for port in networking.list_ports(network_id=made["id"])["ports"]:
        networking.delete_port(port["id"])
    networking.delete_network(made["id"])


def subnet_of(networking, network, **more):
    return networking.create_subnet({"subnet": {"network_id": network["id"], "ip_version": 4, "cidr": "10.9.8.0/24",
                                                **more}})["subnet"]


def test_a_network_with_its_subnet_is_made_found_and_changed(networking, network):
    subnet = subnet_of(networking, network, name="a subnet", dns_nameservers=["192.0.2.1"])
    assert networking.show_network(network["id"])["network"]["subnets"] == [subnet["id"]]
    assert [each["id"] for each in networking.list_networks(name="a network")["networks"]] == [network["id"]]
    changed = networking.update_subnet(subnet["id"], {"subnet": {"name": "another"}})["subnet"]
    assert (changed["name"], changed["dns_nameservers"]) == ("another", ["192.0.2.1"])
    networking.delete_subnet(subnet["id"])
    with pytest.raises(neutron_errors.NotFound):
        networking.show_subnet(subnet["id"])


def test_a_port_gets_an_address_and_a_security_group(networking, network):
    subnet = subnet_of(networking, network)
    group = networking.create_security_group({"security_group": {"name": "web"}})["security_group"]
    port = networking.create_port({"port": {
        "network_id": network["id"], "name": "a port", "security_groups": [group["id"]],
        "fixed_ips": [{"subnet_id": subnet["id"], "ip_address": "10.9.8.7"}]}})["port"]
    assert port["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": "10.9.8.7"}]
    assert [each["id"] for each in networking.list_ports(network_id=network["id"])["ports"]] == [port["id"]]
    with pytest.raises(neutron_errors.Conflict):
        networking.delete_security_group(group["id"])
    assert networking.update_port(port["id"], {"port": {"name": "another"}})["port"]["name"] == "another"
    networking.delete_port(port["id"])
    networking.delete_security_group(group["id"])
    with pytest.raises(neutron_errors.PortNotFoundClient):
        networking.show_port(port["id"])


def test_a_security_group_has_rules(networking):
    group = networking.create_security_group({"security_group": {"name": "ssh", "description": "x"}})["security_group"]
    body = {"security_group_rule": {"security_group_id": group["id"], "direction": "ingress", "protocol": "tcp",
                                    "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "192.0.2.0/24"}}
    rule = networking.create_security_group_rule(body)["security_group_rule"]
    with pytest.raises(neutron_errors.Conflict):
        networking.create_security_group_rule(body)
    shown = networking.show_security_group(group["id"])["security_group"]["security_group_rules"]
    assert rule["id"] in [each["id"] for each in shown]
    networking.delete_security_group_rule(rule["id"])
    networking.delete_security_group(group["id"])
    assert networking.list_security_groups(name="ssh")["security_groups"] == []


def test_a_network_in_use_and_an_address_outside_are_refused_in_neutrons_words(networking, network):
    subnet_of(networking, network)
    port = networking.create_port({"port": {"network_id": network["id"]}})["port"]
    with pytest.raises(neutron_errors.NetworkInUseClient):
        networking.delete_network(network["id"])
    with pytest.raises(neutron_errors.BadRequest, match="10.1.1.1"):
        networking.update_port(port["id"], {"port": {"fixed_ips": [{"ip_address": "10.1.1.1"}]}})


def test_a_list_comes_in_pages(networking, network):
    for number in range(3):
        networking.create_port({"port": {"network_id": network["id"], "name": f"p{number}"}})
    pages = list(networking.list_ports(retrieve_all=False, network_id=network["id"], limit=2, sort_key="id",
                                       sort_dir="asc"))
    assert [len(each["ports"]) for each in pages if each["ports"]] == [2, 1]
