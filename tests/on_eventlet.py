"""Runs a test module a second time on green threads, in a process of its own because patching cannot be undone."""

import os
import pathlib
import subprocess
import sys

from tests import sampled

ROOT = pathlib.Path(__file__).parent.parent
_CODE = """
import sys
from nova_lite.common import concurrency
concurrency.start("eventlet")
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not green_threads", *sys.argv[1:]]))
"""


def again(module_file, timeout=600, marked=False):
    """Run ``module_file``'s tests (but those named green_threads) in eventlet mode; fail with their output.

    :param marked: in a run with a seed (tests/sampled.py), only those that are marked ``both_modes``.
    """
    chosen = ["-m", "both_modes"] if marked and sampled.seed() else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    ran = subprocess.run([sys.executable, "-c", _CODE, *chosen, module_file], cwd=ROOT, env=environment,
                         timeout=timeout, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
