"""The journal's share of what an operation costs, by a profile of the whole control plane.

One process with the driver fake does bursts of creates, stops and deletes while the kernel interrupts it every two
milliseconds of its CPU time (``bench/sampler.py``).  Each stack counts as

- *journal*: whatever is there for steps and leases beyond an operation's begin and end. That is a host's words that a
  step begins and that its leases live on, their way over the bus and back (all of oslo.messaging's handling included),
  the conductor's transactions for them, the writes that take a lease, and those that close steps when an operation is
  leased, handed over or ended;
- *operation*: all else that requests and operations cause, from the HTTP server to the driver;
- *background* (signs of life, the auditor, the watch over operations) and *loop* (the event loop, which serves all).

The share is journal / (journal + operation): background and loop are left out, for counting them would make it smaller.
"""

import collections
import json
import os
import signal
import tempfile

from bench import measure
from bench.cloud import Cloud, Tenant

_SERVERS = "/compute/v2.1/servers"


def run(report, quick=False):
    """:param report: called with (figure's name, its values as a dict)."""
    with tempfile.TemporaryDirectory(prefix="nova-lite-bench-") as home:
        profile = Profile(home)
        try:
            profile.cloud.start()
            tenant = Tenant(profile.cloud)
            _round(tenant, 10)                      # warms up
            profile.read()
            for _ in range(1 if quick else 3):
                _round(tenant, 100)
            _report(report, profile.read())
        finally:
            profile.cloud.stop()


def _round(tenant, count):
    """``count`` servers are made, stopped and deleted, eight at a time."""
    made = []
    measure.parallel([f"j{number}" for number in range(count)], lambda name: made.append(tenant.create(name)))
    tenant.wait_built()
    measure.parallel(made, lambda each: tenant.api.raw("POST", f"{_SERVERS}/{each}/action", {"os-stop": None}))
    measure.until("servers are stopped", lambda: not tenant.api.servers("status=ACTIVE&limit=1"))
    tenant.delete_all()


def _report(report, counts):
    samples = sum(counts.values())
    shown = ", ".join(f"{kind} {100 * counts[kind] / samples:.1f} %" for kind in
                      ("operation", "journal", "background", "loop"))
    share = 100 * counts["journal"] / (counts["journal"] + counts["operation"])
    report("journal_share", {"value": round(share, 1), "n": samples, "note": f"samples: {shown}"})


class Profile:
    """A cloud that is looked at while it runs."""

    def __init__(self, home):
        self._path = os.path.join(home, "profile")
        self.cloud = Cloud(home)
        self.cloud.runner = ("bench.sampler", self._path)
        self.last = None

    def read(self):
        """{kind: samples} since the last call."""
        os.kill(self.cloud.pid, signal.SIGUSR2)
        measure.until("the profile is written", lambda: os.path.exists(self._path), 20, 0.05)
        with open(self._path) as file:
            self.last = json.load(file)
        os.unlink(self._path)
        return collections.Counter(self.last["counts"])
