"""The ``openstack`` client, loaded once: each command is run by a fork, which spares it a second of loading.

Run by the interpreter of the client, ``python openstack_launcher.py FOLDER`` puts a program ``openstack`` into the
folder, says "ready" and serves what that is asked for until its standard input ends.  The client looks for clouds.yaml
in its working directory when it is loaded, and so in the launcher's.
"""

import importlib
import io
import json
import logging
import os
import pkgutil
import signal
import socket
import stat
import sys
import threading

#: It has the standard streams, folder and environment of whoever calls it, and ends with the command's status.
_PROGRAM = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as to:
    to.connect({path!r})
    asked = json.dumps({{"words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
    socket.send_fds(to, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    to.sendall(asked)
    answer = to.recv(1)
sys.exit(answer[0] if answer else {lost})
"""
_LOST = 70              # the status of a command that ended without one


def load():
    """Import all that commands would."""
    for package in ("common", "compute", "identity", "image", "network"):
        found = importlib.import_module(f"openstackclient.{package}")
        for each in pkgutil.walk_packages(found.__path__, f"{found.__name__}."):
            importlib.import_module(each.name)
    importlib.import_module("openstack.connection")


def command(words, streams):
    """Be the client from here on, in a process that ends then, and return its status.

    :param streams: file descriptors of standard input, output and error.
    """
    from openstackclient import shell
    for number, each in enumerate(streams):
        os.dup2(each, number)
    sys.stdin, sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, mode)) for number, mode in enumerate("rww"))
    logging.getLogger().handlers.clear()
    try:
        return shell.OpenStackShell().run(words)
    except SystemExit as end:
        return end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def main(folder):
    path = os.path.join(folder, "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        _write_program(os.path.join(folder, "openstack"), path)
        sys.argv = ["openstack"]                            # what the client calls itself in its messages
        load()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)       # nobody waits for the forks
        threading.Thread(target=_until_input_ends, daemon=True).start()
        print("ready", flush=True)
        while True:
            caller, _ = server.accept()
            with caller:
                if not os.fork():
                    server.close()
                    _serve(caller)


def _write_program(path, to):
    with open(path, "w") as file:
        file.write(_PROGRAM.format(python=sys.executable, path=to, lost=_LOST))
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)


def _until_input_ends():
    sys.stdin.read()
    os._exit(0)


def _serve(caller):
    status = _LOST
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        length, streams, _, _ = socket.recv_fds(caller, 4, 3)
        with caller.makefile("rb") as file:
            asked = json.loads(file.read(int.from_bytes(length, "big")))
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        status = command(asked["words"], streams)
    finally:
        caller.sendall(bytes([status or 0]))
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
