"""Where a process spends its CPU time: ``python -m bench.sampler FILE MODULE ARGUMENTS`` runs a module and looks.

Every ``_EVERY`` seconds of CPU time the kernel interrupts it (ITIMER_PROF), and the stack of functions that runs is
sorted by ``Sorter``.  On SIGUSR2 the counts are written to FILE as JSON and begin anew.
"""

import collections
import json
import os
import runpy
import signal
import sys

_EVERY = 0.002
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
#: What is done for the journal wherever it is done: steps and leases beyond the begin and the end of an operation.
JOURNAL = frozenset({
    "nova_lite/compute/tasks/running.py:_begin", "nova_lite/compute/tasks/running.py:renew",
    "nova_lite/conductor/rpcapi.py:journal", "nova_lite/conductor/rpcapi.py:renew",
    "nova_lite/conductor/endpoints/leases.py:journal", "nova_lite/conductor/endpoints/leases.py:renew",
    "nova_lite/db/operations/lease.py:journal", "nova_lite/db/operations/lease.py:renew",
    "nova_lite/common/source_places.py:place", "nova_lite/common/source_places.py:outermost",
})
#: The write that takes a lease; the read beside it gives the worker its task, and would be there without leases.
_LEASE = frozenset({"nova_lite/db/operations/lease.py:lease", "nova_lite/db/operations/statements.py:update"})
#: Messages whose whole way through the bus is the journal's.
_MESSAGES = frozenset({"journal", "renew"})
#: What no operation asks for: it goes on when nothing happens, too.
_BACKGROUND = ("nova_lite/conductor/recovery.py:", "nova_lite/conductor/auditor.py:", "nova_lite/cmd/liveness.py:",
               "nova_lite/compute/tasks/audit.py:", "nova_lite/compute/tasks/host.py:",
               "nova_lite/conductor/dead_hosts.py:")


class Sorter:
    """Counts stacks as "journal", "operation", "background" or "loop" (the event loop itself, which serves all)."""

    def __init__(self):
        self.counts = collections.Counter()
        self.functions = collections.Counter()      # how often each function of ours was in the stack
        self.leaves = collections.Counter()

    def look(self, _signal, frame):
        names, journal = set(), False
        leaf = frame
        while frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(_ROOT):
                names.add(f"{code.co_filename[len(_ROOT):]}:{code.co_name}")
            elif code.co_name == "_process_incoming":
                journal = journal or _method(frame) in _MESSAGES
            elif code.co_name == "handle_one_response":
                names.add("request")
            frame = frame.f_back
        self.functions.update(names)
        if leaf is not None:
            self.leaves[f"{leaf.f_code.co_filename.rpartition('site-packages/')[2]}:{leaf.f_code.co_name}"] += 1
        self.counts[_kind(names, journal)] += 1

    def as_dict(self):
        return {"counts": self.counts, "functions": dict(self.functions.most_common(60)),
                "leaves": dict(self.leaves.most_common(40))}


def _method(frame):
    """The method of the message that oslo.messaging's server handles in this frame."""
    message = getattr(frame.f_locals.get("message") or frame.f_locals.get("incoming"), "message", None)
    return message.get("method") if isinstance(message, dict) else None


def _kind(names, journal):
    if journal or not names.isdisjoint(JOURNAL) or names >= _LEASE:
        return "journal"
    if any(name.startswith(_BACKGROUND) for name in names):
        return "background"
    own = [name for name in names if not name.startswith("bench/") and not name.startswith("nova_lite/cmd/")]
    return "operation" if own else "loop"


def main():
    path, module = sys.argv[1:3]
    state = [Sorter()]

    def write(*_):
        with open(path + ".new", "w") as file:
            json.dump(state[0].as_dict(), file)
        os.replace(path + ".new", path)
        state[0] = Sorter()

    sys.argv = [module, *sys.argv[3:]]
    signal.signal(signal.SIGPROF, lambda *args: state[0].look(*args))
    signal.signal(signal.SIGUSR2, write)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
