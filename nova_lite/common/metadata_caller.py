"""How a metadata service knows which guest asks: by its environ in the same process, by signed headers from another.

Headers are believed only with a signature made with ``[metadata] shared_secret``.
"""

import hashlib
import hmac

#: Keys of the environ, which HTTP clients cannot set.
NETWORK_ID, ADDRESS = "nova_lite.metadata.network_id", "nova_lite.metadata.address"

NETWORK_HEADER = "X-Nova-Lite-Network-Id"
ADDRESS_HEADER = "X-Nova-Lite-Address"
SIGNATURE_HEADER = "X-Nova-Lite-Signature"


def headers(secret, network_id, address):
    """The headers of a signed question."""
    return {NETWORK_HEADER: network_id, ADDRESS_HEADER: address,
            SIGNATURE_HEADER: sign(secret, spoken(network_id, address))}


def spoken(network_id, address):
    """The text that is signed."""
    return f"{network_id} {address}"


def sign(secret, text):
    """Neutron's metadata agent signs the id of an instance in the same way."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def proves(secret, text, signature):
    """Whether ``signature`` is of ``text``; it takes the same time whatever is wrong with it."""
    return hmac.compare_digest(sign(secret, text).encode(), signature.encode())
