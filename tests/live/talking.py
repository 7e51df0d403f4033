"""A program for network namespaces: ``serve ADDRESS PORT`` echoes what it is sent, ``talk ADDRESS PORT`` keeps a
connection and prints what a line of its input is answered within two seconds, or an empty line.
"""

import contextlib
import socket
import subprocess
import sys
import threading

_TIMEOUT = 2


def serve(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as listening:
        print("ready", flush=True)
        while True:
            threading.Thread(target=_echo, args=listening.accept(), daemon=True).start()


def _echo(caller, address):
    with caller, contextlib.suppress(OSError):
        while said := caller.recv(100):
            caller.sendall(said)


def talk(address, port):
    with socket.create_connection((address, port), _TIMEOUT) as one:
        print("ready", flush=True)
        for line in sys.stdin:
            answer = b""
            with contextlib.suppress(OSError):
                one.sendall(line.encode())
                answer = one.recv(100)
            print(answer.decode().strip(), flush=True)


@contextlib.contextmanager
def _running(namespace, *words):
    process = subprocess.Popen(namespace._command(sys.executable, "-S", __file__, *words), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n", words
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def serving(namespace, port):
    """A context in which a namespace echoes."""
    return _running(namespace, "serve", "0.0.0.0", str(port))


def serving6(namespace, port):
    """As ``serving``, of IPv6."""
    return _running(namespace, "serve", "::", str(port))


@contextlib.contextmanager
def talking(namespace, address, port):
    """A context with a function that says a word in one connection, and returns the answer, or an empty one."""
    with _running(namespace, "talk", address, str(port)) as process:
        def say(word):
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()
        yield say


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    talk(sys.argv[2], int(sys.argv[3]))
