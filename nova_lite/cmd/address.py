"""Addresses to listen on."""

import errno
import socket

from nova_lite.common import exceptions

_REMEDIES = {errno.EADDRINUSE: "Stop what uses that port, or choose another",
             errno.EADDRNOTAVAIL: "Choose an address that this machine has, or 0.0.0.0 for all of them",
             errno.EACCES: "Choose a port above 1023, or run as root"}


def split(text):
    """("host", port) of "HOST:PORT" or "[V6]:PORT".  :raises Misconfigured:"""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise exceptions.Misconfigured(problem=f"{text!r} is no address.",
                                      remedy="Write HOST:PORT, as 127.0.0.1:8774, with a port up to 65535.")
    return host.strip("[]"), int(port)


def bind(address):
    """Listening sockets.  :raises Misconfigured: the port is taken, or the address is not this machine's."""
    host, port = split(address)
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except OSError as error:
        made.close()
        raise exceptions.Misconfigured(
            problem=f"Cannot listen on {address}: {error.strerror}.",
            remedy=f"{_REMEDIES.get(error.errno, 'Choose another')} (--listen HOST:PORT, or [api] listen and port).",
        ) from error
    return [made]
