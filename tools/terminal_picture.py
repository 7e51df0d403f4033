"""Draw what a terminal shows when a cloud with the fake driver is started and used: the picture of README.

Run it with the Python of an environment that has nova_lite with its extras "test" and "doc".
"""

import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from rich.console import Console
from rich.text import Text

FILE = pathlib.Path(__file__).parents[1] / "doc" / "_static" / "terminal.svg"
COLUMNS = 116
SHOWN = (
    "nova-lite up --driver fake --state-dir ./cloud --listen 127.0.0.1:8774 --detach",
    "export OS_CLIENT_CONFIG_FILE=$PWD/cloud/clouds.yaml OS_CLOUD=nova-lite",
    "openstack server create --flavor m1.nano --image tiny --network private --wait hello -c name -c status",
    "openstack server stop hello && sleep 1 && openstack server list -c Name -c Status -c Networks -c Image",
    "nova-lite trace hello --state-dir ./cloud | head -n 15",
)
AFTER = "nova-lite down --state-dir ./cloud"


def main():
    environ = {**os.environ, "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
               "COLUMNS": str(COLUMNS), "PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            for command in SHOWN:
                _show(console, command, _run(command, folder, environ))
        finally:
            _run(AFTER, folder, environ)
    FILE.write_text(console.export_svg(title="nova_lite", unique_id="terminal"))
    print(FILE)


def _run(command, folder, environ):
    """What it prints; an ``export`` holds for the commands after it."""
    setting = re.fullmatch(r"export (.*)", command)
    if setting:
        for pair in setting[1].split():
            name, _, value = pair.partition("=")
            environ[name] = value.replace("$PWD", folder)
        return ""
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, check=True,
                          timeout=300)
    return done.stdout.replace(folder, "/home/you")


def _show(console, command, output):
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    if output:
        console.print(Text(output.rstrip()))


if __name__ == "__main__":
    main()
