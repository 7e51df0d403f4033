"""What is installed is whole: a wheel carries every file of the package, scripts load, units start what exists."""

import configparser
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent


def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def entry_points(group):
    """{name: "module:object"} as setup.cfg lists them."""
    lines = setup_cfg()["options.entry_points"][group].strip().splitlines()
    return dict(re.split(r"\s*=\s*", line, maxsplit=1) for line in lines)


SCRIPTS = entry_points("console_scripts")
UNITS = sorted((ROOT / "etc/nova_lite/systemd").glob("*.service"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Names of the files in a wheel, built of a copy because a build leaves directories in its source."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "setup.py", "README.rst", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "nova_lite", source / "nova_lite", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "bdist_wheel", "--dist-dir", str(target)], cwd=source, capture_output=True,
        text=True, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = target.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


@pytest.mark.slow
def test_wheel_carries_every_file_of_the_package(wheel):
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "nova_lite").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}
    assert ours - wheel == set()


@pytest.mark.slow
def test_wheel_carries_nothing_but_the_package(wheel):
    assert {name for name in wheel if not name.startswith("nova_lite")} == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_loads(script):
    module, function = SCRIPTS[script].split(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_starts_a_script_that_is_installed(unit):
    [command] = re.findall(r"^ExecStart=/opt/nova_lite/bin/(\S+)", unit.read_text(), re.MULTILINE)
    assert command in SCRIPTS


def test_license_is_apache():
    assert setup_cfg()["metadata"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]


def test_version_is_said_once():
    """setup.cfg and the package agree."""
    from nova_lite import __version__
    assert setup_cfg()["metadata"]["version"] in (__version__, "attr: nova_lite.__version__")
