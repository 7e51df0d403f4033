"""Keypairs: brought along, made here, and seen by their owners only."""

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7hpBUUNVFb6kVZmDd6gPg2SlVpPGrVjjgiYCCS6Xbo me@here"


def create(cloud, version="2.10", user="alice", **keypair):
    return cloud.call("POST", "/os-keypairs", {"keypair": {"name": "k", **keypair}}, version=version, user=user)


def test_a_key_brought_along_is_kept_as_it_is(cloud):
    answer = create(cloud, public_key=ED25519)
    digest = hashlib.md5(base64.b64decode(ED25519.split()[1])).hexdigest()
    assert answer.status_int == 201
    assert answer.json["keypair"] == {
        "name": "k", "type": "ssh", "public_key": ED25519, "user_id": "alice",
        "fingerprint": ":".join(digest[n:n + 2] for n in range(0, 32, 2))}
    shown = cloud.get("/os-keypairs/k", version="2.10")["keypair"]
    assert {key: shown[key] for key in ("deleted", "deleted_at", "updated_at")} == {
        "deleted": False, "deleted_at": None, "updated_at": None}
    assert len(shown["created_at"]) == len("2026-11-23T08:47:53.000000")


def test_a_generated_pair_matches_and_its_private_key_is_shown_once(cloud):
    made = create(cloud).json["keypair"]
    private = serialization.load_pem_private_key(made["private_key"].encode(), None)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert made["public_key"] == public.decode() + " Generated-by-Nova"
    assert made["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert "private_key" not in cloud.get("/os-keypairs/k")["keypair"]


def test_a_certificate_can_be_made_and_brought(cloud):
    made = create(cloud, type="x509").json["keypair"]
    certificate = x509.load_pem_x509_certificate(made["public_key"].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names[0].value.endswith(b"alice@localhost")
    assert made["type"] == "x509"
    assert made["fingerprint"].count(":") == 19
    assert create(cloud, name="again", type="x509", public_key=made["public_key"]).json["keypair"]["fingerprint"] == (
        made["fingerprint"])


@pytest.mark.parametrize(("version", "status", "typed", "gone"), [("2.1", 200, False, 202), ("2.2", 201, True, 204)])
def test_answers_of_the_first_versions(cloud, version, status, typed, gone):
    answer = create(cloud, version, public_key=ED25519)
    assert answer.status_int == status
    assert ("type" in answer.json["keypair"]) is typed
    assert ("type" in cloud.get("/os-keypairs", version=version)["keypairs"][0]["keypair"]) is typed
    assert cloud.call("DELETE", "/os-keypairs/k", version=version).status_int == gone


def test_since_2_92_keys_are_only_imported_and_names_may_be_addresses(cloud):
    assert create(cloud, "2.92").status_int == 400
    assert create(cloud, "2.91", name="me@here.org", public_key=ED25519).status_int == 400
    assert create(cloud, "2.92", name="me@here.org", public_key=ED25519).status_int == 201


@pytest.mark.parametrize("keypair", [{"public_key": "nonsense"}, {"public_key": "ssh-rsa AAAA"}, {"public_key": ""},
                                     {"type": "x509", "public_key": ED25519}])
def test_an_invalid_public_key_is_refused(cloud, keypair):
    answer = create(cloud, **keypair)
    assert answer.status_int == 400
    assert answer.json["badRequest"]["message"].startswith("Keypair data is invalid: failed to generate")


def test_a_name_is_taken_once_by_each_user(cloud):
    create(cloud, public_key=ED25519)
    answer = create(cloud, public_key=ED25519)
    assert (answer.status_int, answer.json["conflictingRequest"]["message"]) == (409, "Key pair 'k' already exists.")
    assert create(cloud, user="amy", public_key=ED25519).status_int == 201


def test_quota_counts_a_users_keys(cloud, conf):
    conf.set_override("key_pairs", 1, "quota")
    create(cloud, public_key=ED25519)
    answer = create(cloud, name="two", public_key=ED25519)
    assert (answer.status_int, answer.json["forbidden"]["message"]) == (403, "Quota exceeded, too many key pairs.")


def test_users_see_their_own_and_administrators_anybodys(cloud):
    create(cloud, public_key=ED25519)
    assert cloud.get("/os-keypairs", user="amy") == {"keypairs": []}
    assert cloud.refused("GET", "/os-keypairs/k", user="amy") == (404, "Keypair k not found for user amy")
    assert cloud.refused("GET", "/os-keypairs/k?user_id=alice", user="amy", version="2.10")[0] == 403
    assert cloud.get("/os-keypairs/k?user_id=alice", user="admin", version="2.10")["keypair"]["user_id"] == "alice"
    assert create(cloud, user="admin", name="given", user_id="amy", public_key=ED25519).status_int == 201
    assert [each["keypair"]["name"] for each in cloud.get("/os-keypairs", user="amy")["keypairs"]] == ["given"]
    assert create(cloud, user="amy", name="x", user_id="alice", public_key=ED25519).status_int == 403
    assert cloud.call("DELETE", "/os-keypairs/given?user_id=amy", user="admin", version="2.10").status_int == 204


def test_keypairs_are_listed_in_pages_since_2_35(cloud):
    for name in "cab":
        create(cloud, name=name, public_key=ED25519)
    page = cloud.get("/os-keypairs?limit=2", version="2.35")
    assert [each["keypair"]["name"] for each in page["keypairs"]] == ["a", "b"]
    following = page["keypairs_links"][0]["href"].removeprefix("http://localhost:80/compute/v2.1")
    assert [each["keypair"]["name"] for each in cloud.get(following, version="2.35")["keypairs"]] == ["c"]
    assert len(cloud.get("/os-keypairs?limit=1", version="2.34")["keypairs"]) == 3


def test_a_server_keeps_its_key_when_the_keypair_goes(cloud):
    create(cloud, public_key=ED25519)
    server = cloud.make(key_name="k")
    cloud.call("DELETE", "/os-keypairs/k")
    assert cloud.get(f"/servers/{server}")["server"]["key_name"] == "k"
