"""Which tokens may hand on what they grant: those alone whose users proved in person who they are."""

from nova_lite.common import exceptions

#: Methods by which a user proves in person who it is, and the exchange of a token, whose methods the new token keeps.
#: Any other, also one that is not known here, stands for a right that somebody delegated.
PRIMARY = frozenset(("mapped", "password", "token", "totp"))


class Delegated(exceptions.Forbidden):
    template = "You are not authorized to perform the requested action: {action}."


def require_primary(token, action):
    """Refuse what a delegated right must not do: be exchanged, or make another delegation or credential.

    :param action: what was asked for, in the words of the answer.
    :raises Delegated: the token was made by a delegation, or by a method that is not primary.
    """
    if token.delegations or not token.methods or not PRIMARY.issuperset(token.methods):
        raise Delegated(action=action)
