"""A guest under plain QEMU (TCG, user-mode network): what an image does by itself, with no cloud around it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests import ports_and_ranges

# slirp runs this for each connection to 169.254.169.254:80, with the connection as stdin and stdout.
METADATA_SERVER = """
import pathlib, sys
path = sys.stdin.buffer.readline().split()[1].decode()
while sys.stdin.buffer.readline().strip(): pass
file = pathlib.Path(sys.argv[1] + path)
body = file.read_bytes() if file.is_file() else b"not here"
status = "200 OK" if file.is_file() else "404 Not Found"
sys.stdout.buffer.write(f"HTTP/1.1 {status}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n".encode() + body)
sys.stdout.buffer.flush()
"""


class Guest:
    """One QEMU process; the context manager kills what still runs at its end."""

    def __init__(self, directory: Path, image: Path, *, machine="pc", disk_mib=300, documents=None, drive=None):
        """Prepare a guest on an overlay of ``image``.

        :param documents: {path: bytes} answered by the metadata service; None: there is no such service
        :param drive: path of a raw config drive, attached as a second virtio disk
        """
        self.directory, self.console_log = directory, directory / "console.log"
        self.key = directory / "key"
        self.ssh_port = ports_and_ranges.free_port()
        disk = directory / "disk.qcow2"
        _run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, disk, f"{disk_mib}M")
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key)
        network = f"user,id=net0,net=169.254.169.0/24,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"
        if documents is not None:
            network += f",guestfwd=tcp:169.254.169.254:80-cmd:{sys.executable} {self._metadata(documents)}"
        self.command = [
            "qemu-system-x86_64", "-accel", "tcg", "-machine", machine, "-m", "128", "-display", "none", "-nodefaults",
            "-drive", f"file={disk},if=virtio,cache=unsafe",
            "-netdev", network, "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01",
            "-device", "virtio-rng-pci",
            "-chardev", f"socket,id=console,path={directory}/console,server=on,wait=off,logfile={self.console_log}",
            "-serial", "chardev:console",
            "-qmp", f"unix:{directory}/qmp,server=on,wait=off",
        ]  # fmt: skip
        if machine == "q35":
            self.command += ["-device", "pcie-root-port,id=spare0,slot=1", "-device", "pcie-root-port,id=spare1,slot=2"]
        if drive:
            self.command += ["-drive", f"file={drive},if=virtio,format=raw,readonly=on"]

    def _metadata(self, documents):
        root = self.directory / "metadata"
        for path, body in documents.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(body)
        script = self.directory / "metadata.py"
        script.write_text(METADATA_SERVER)
        return f"{script} {root}"

    def __enter__(self):
        """Start; after a power-off the same guest may be started again, with a new console log."""
        self.console_log.unlink(missing_ok=True)
        self.process = subprocess.Popen(self.command)
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()

    def processor_seconds(self):
        """What QEMU has had of the machine's processors."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def public_key(self):
        return self.key.with_suffix(".pub").read_text().strip()

    def console(self):
        return self.console_log.read_text(errors="replace") if self.console_log.exists() else ""

    def wait_console(self, pattern, seconds=120):
        """Wait until ``pattern`` stands on the console; return its first match (the group, where it has one)."""
        return _until(lambda: next(iter(re.findall(pattern, self.console())), None), seconds,
                      lambda: self.console()[-3000:])

    def ssh(self, command, user="root", seconds=120):
        """Run ``command`` in the guest and return what it printed; retries until the guest lets us in."""
        line = ["ssh", "-F", "none", "-i", self.key, "-p", str(self.ssh_port), "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                "-o", "ConnectTimeout=20", f"{user}@127.0.0.1", command]  # fmt: skip
        end = time.monotonic() + seconds
        while True:
            done = subprocess.run(line, capture_output=True, text=True)
            if done.returncode != 255 or time.monotonic() > end:
                assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
                return done.stdout.strip()
            time.sleep(1)

    def type(self, *dialogue, seconds=120):
        """Hold a dialogue on the serial console: wait for a regular expression, type a line, and so on."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(seconds)
            line.connect(f"{self.directory}/console")
            line.sendall(b"\n")
            seen = ""
            for expected, answer in dialogue:
                while not re.search(expected, seen):
                    data = line.recv(4096)
                    assert data, f"console closed; wanted {expected}, saw {seen}"
                    seen += data.decode(errors="replace")
                seen = ""
                line.sendall(answer.encode() + b"\n")

    def qmp(self, command, **arguments):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"{self.directory}/qmp")
            with sock.makefile("rw") as stream:
                stream.readline()
                for order in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    stream.write(json.dumps(order) + "\n")
                    stream.flush()
                    answer = json.loads(stream.readline())
                    while "event" in answer:
                        answer = json.loads(stream.readline())
        assert "error" not in answer, answer
        return answer["return"]


def missing_tools():
    return [tool for tool in ("qemu-system-x86_64", "qemu-img", "ssh", "ssh-keygen") if not shutil.which(tool)]


def _until(probe, seconds, describe):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := probe()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s:\n{describe()}")


def _run(*command):
    subprocess.run([str(word) for word in command], check=True)
