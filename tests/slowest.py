"""A pytest plugin that adds how long each test took to a file, for the list of the slowest at the end of a whole run.

NOVA_LITE_TEST_DURATIONS names the file and NOVA_LITE_TEST_PART the part of the run; a line is "SECONDS PART TEST".
"""

import collections
import os

#: Seconds; what takes less is no news.
LEAST = 1


def pytest_terminal_summary(terminalreporter):
    """Add this run's lines; of pytest-xdist's processes only the one that prints does."""
    path = os.environ.get("NOVA_LITE_TEST_DURATIONS")
    if not path or hasattr(terminalreporter.config, "workerinput"):
        return
    seconds = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration") and hasattr(report, "nodeid"):
                seconds[report.nodeid] += report.duration       # setup, the test itself and teardown
    with open(path, "a") as file:
        file.writelines(f"{took:8.1f} s  {os.environ.get('NOVA_LITE_TEST_PART', '')}  {name}\n"
                        for name, took in seconds.items() if took >= LEAST)
