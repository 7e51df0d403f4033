"""Keys that seal tokens, tokens as sealed text, and passwords as kept."""

import os
import stat
import threading

import pytest

from nova_lite.common import concurrency, exceptions
from nova_lite.identity import keys, passwords
from nova_lite.identity.tokens import Token, Vault


@pytest.fixture
def cheap(conf):
    conf.set_override("password_hash_rounds", 4, "identity")
    yield
    conf.clear_override("password_hash_rounds", "identity")


@pytest.fixture
def eager(monkeypatch):
    """Every use looks at the directory, as a second later it would."""
    monkeypatch.setattr(keys, "_LOOK_EVERY", 0)


def token(**changed):
    return Token(**{"user_id": "u", "user_name": "n", "user_domain_id": "default", "scope": "project", "scope_id": "p",
                    "scope_name": "pn", "scope_domain_id": "default", "roles": ("member",), "methods": ["password"],
                    "audit_ids": ["a"], "issued": 1.5, "expires": 9e9} | changed)


def test_the_first_key_is_made_for_its_owner_only(tmp_path):
    directory = tmp_path / "keys" / "tokens"
    keys.Keys(str(directory)).seal(b"x")
    assert os.listdir(directory) == ["1"]
    assert stat.S_IMODE(os.stat(directory / "1").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700


def test_keys_made_at_once_are_one_key(tmp_path):
    made = [keys.Keys(str(tmp_path)) for _ in range(8)]
    sealed = []
    threads = [threading.Thread(target=lambda each=each: sealed.append(each.seal(b"x"))) for each in made]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert os.listdir(tmp_path) == ["1"]
    assert all(made[0].open(each) == b"x" for each in sealed)


def test_old_tokens_open_until_their_key_is_gone(tmp_path, eager):
    box = keys.Keys(str(tmp_path))
    old = box.seal(b"old")
    keys.rotate(str(tmp_path))
    assert box.open(old) == b"old" and box.open(box.seal(b"new")) == b"new"
    os.unlink(tmp_path / "1")
    with pytest.raises(keys.InvalidToken):
        box.open(old)


def test_a_token_reads_back_as_it_was_sealed(tmp_path):
    text = Vault(keys.Keys(str(tmp_path))).seal(token())
    again = Vault(keys.Keys(str(tmp_path))).open(text)
    assert {name: getattr(again, name) for name in Token.__slots__} == {
        name: getattr(token(), name) for name in Token.__slots__}
    assert len(text) < 500


@pytest.mark.parametrize("spoil", [lambda text: text[:-4] + "AAA=", lambda text: "", lambda text: "é" * 10,
                                   lambda text: "x" * 10000, lambda text: text + text])
def test_a_changed_token_is_refused(tmp_path, spoil):
    vault = Vault(keys.Keys(str(tmp_path)))
    with pytest.raises(exceptions.NotFound):
        vault.open(spoil(vault.seal(token())))


def test_an_expired_token_is_refused_even_when_remembered(tmp_path):
    vault = Vault(keys.Keys(str(tmp_path)))
    text = vault.seal(token(expires=1.0))
    for _ in range(2):
        with pytest.raises(exceptions.NotFound, match="Failed to validate token"):
            vault.open(text)


@pytest.mark.parametrize("password, other", [("pw", "PW"), ("a\0b", "a\0c"), ("x" * 100 + "1", "x" * 100 + "2"),
                                             ("pässwörd", "passwörd"), ("\ud800", "\ud801"), ("", " ")])
def test_passwords_of_any_length_and_bytes_are_distinguished(cheap, password, other):
    verifier, kept = passwords.Verifier(), passwords.hashed(password)
    assert verifier.verify(password, kept) and verifier.verify(password, kept)
    assert not verifier.verify(other, kept)
    assert password == "" or password not in kept


def test_a_right_password_is_remembered_until_it_changes_and_never_in_the_clear(cheap, monkeypatch):
    verifier, kept = passwords.Verifier(), passwords.hashed("pw")
    assert verifier.verify("pw", kept)
    assert not any(b"pw" in key for key in verifier._right)
    asked = []
    monkeypatch.setattr(passwords, "_matches", lambda *given: asked.append(given) or False)
    assert verifier.verify("pw", kept) and not asked
    assert not verifier.verify("pw", "sha256+another") and asked


def test_no_password_matches_an_unknown_user(cheap):
    assert not passwords.Verifier().verify("pw", None)


def test_a_flood_of_logins_delays_no_other_native_call(cheap, monkeypatch):
    end = threading.Event()
    monkeypatch.setattr(passwords.bcrypt, "checkpw", lambda *_: end.wait(60))
    verifier = passwords.Verifier()
    flood = [concurrency.spawn(verifier.verify, "x", "kept") for _ in range(40)]
    try:
        assert concurrency.native(int, "7", deadline=5) == 7
    finally:
        end.set()
    assert all(each.wait(60) for each in flood)
