"""Keypairs, imported or generated: public keys by which users log in to new servers."""

import base64
import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import keypairs, quotas

_COMMENT = "Generated-by-Nova"                      # as in Nova
_BITS = 2048
_YEARS = 10
#: The object id of a user principal name, by which WinRM finds the user of a certificate.
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class Keypairs:
    """Keypairs belong to users, not to projects."""

    def list(self, context, user_id, *, limit=None, marker=None):
        """By name.  :raises MarkerNotFound:"""
        with db.reader() as session:
            return keypairs.page(session, user_id, limit=limit, marker=marker)

    def get(self, context, user_id, name):
        """:raises KeypairNotFound:"""
        with db.reader() as session:
            return keypairs.get(session, user_id, name)

    def bring(self, context, user_id, name, kind, public_key):
        """Import a public key (``kind`` "ssh") or certificate ("x509"); return the row.

        :raises KeypairInvalid, KeypairExists, KeypairLimitExceeded:
        """
        fingerprint = _fingerprint(kind, public_key)
        return self._keep(context, user_id=user_id, name=name, type=kind, public_key=public_key,
                          fingerprint=fingerprint)

    def make(self, context, user_id, name, kind):
        """Generate a keypair; return the row and the private key, which is not stored.

        :raises KeypairExists, KeypairLimitExceeded:
        """
        public_key, private_key = _make_ssh() if kind == "ssh" else _make_x509(user_id)
        return self.bring(context, user_id, name, kind, public_key), private_key

    def delete(self, context, user_id, name):
        """:raises KeypairNotFound:"""
        with db.writer() as session:
            keypairs.delete(session, user_id, name)

    @staticmethod
    def _keep(context, **values):
        with db.writer() as session:
            limit = quotas.limits(session, context.project_id, values["user_id"])["key_pairs"]
            if limit >= 0:
                quotas.lock(session, values["user_id"])
            if 0 <= limit <= keypairs.count(session, values["user_id"]):
                raise exceptions.KeypairLimitExceeded()
            return keypairs.create(session, **values)


def _fingerprint(kind, text):
    return _x509_fingerprint(text) if kind == "x509" else _ssh_fingerprint(text)


def _ssh_fingerprint(text):
    """MD5 of the key's bytes, in pairs of digits: OpenSSH's old form, which this API shows."""
    try:
        serialization.load_ssh_public_key(text.encode())
        raw = base64.b64decode(text.split(" ")[1])
    except Exception as error:                  # any error of the parser means that the text is invalid
        raise exceptions.KeypairInvalid(reason="failed to generate fingerprint") from error
    return _pairs(hashlib.md5(raw, usedforsecurity=False).hexdigest())


def _x509_fingerprint(text):
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise exceptions.KeypairInvalid(
            reason=f"failed to generate X509 fingerprint. Error message: {error}") from error
    return _pairs(certificate.fingerprint(hashes.SHA1()).hex())     # noqa: S303 - the form this API shows


def _pairs(digits):
    return ":".join(digits[place:place + 2] for place in range(0, len(digits), 2))


def _make_ssh():
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return f"{public.decode()} {_COMMENT}", _pem(key, serialization.PrivateFormat.TraditionalOpenSSL)


def _make_x509(user_id):
    """A self-signed client certificate for logging in to Windows by WinRM, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, user_id[:64])])
    upn = f"{user_id}@localhost".encode()
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.OtherName(_UPN, _utf8_string(upn))]), critical=False)
        .sign(key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.PEM).decode(), _pem(key, serialization.PrivateFormat.PKCS8)


def _utf8_string(text):
    """DER of a UTF8String shorter than 128 bytes; longer ones are cut, as user ids are at most 64 characters."""
    text = text[:127]
    return b"\x0c" + bytes([len(text)]) + text


def _pem(key, form):
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
