"""``python -m bench``: measure, print, and with --check fail where a promise is broken."""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time

from bench.promises import BY_FIGURE, PROMISES

_ORDER = ("cpu_ms", "p50_ms", "p95_ms", "value", "s", "all_s", "n")


def main(argv=None):
    arguments = _parser().parse_args(argv)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)         # it would make every start compile everything
    report = Report()
    print(f"load average at start: {' '.join(f'{each:.1f}' for each in os.getloadavg())}")
    if "api" in arguments.parts:
        from bench import api
        with tempfile.TemporaryDirectory(prefix="nova-lite-bench-") as directory:
            api.Run(directory, report.add, arguments.quick).run()
    if "bus" in arguments.parts:
        from bench import bus
        bus.run(report.add, arguments.quick)
    if "crowd" in arguments.parts:
        from bench import crowd
        crowd.run(report.add, arguments.quick)
    if "growth" in arguments.parts:
        from bench import growth
        growth.run(report.add, arguments.quick)
    if "journal" in arguments.parts:
        from bench import journal
        journal.run(report.add, arguments.quick)
    if "networks" in arguments.parts:
        from bench import networks
        networks.run(report.add, arguments.quick)
    if "recovery" in arguments.parts:
        from bench import recovery
        recovery.run(report.add, arguments.separate, arguments.quick)
    if "libvirt" in arguments.parts:
        from bench import guests
        reason = guests.run(report.add, arguments.runs)
        if reason:
            print(f"libvirt part not measured: {reason}")
    broken = report.verdict(arguments.margin)
    if arguments.json:
        with contextlib.nullcontext(sys.stdout) if arguments.json == "-" else open(arguments.json, "w") as file:
            json.dump(report.document(), file, indent=1)
    return 1 if arguments.check and broken else 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure nova_lite against its promises (doc/specification.rst). CPU is "
        "user and system time of every control-plane process; it is the figure that stays stable on a busy machine.")
    parser.add_argument("parts", nargs="*", metavar="PART",
                        default=["api", "bus", "crowd", "growth", "journal", "networks", "recovery", "libvirt"],
                        help="api, bus, crowd, growth, journal, networks, recovery (fake driver, no root needed), "
                             "libvirt (real "
                        "guests); default: all")
    parser.add_argument("--separate", action="store_true",
                        help="recovery on separate processes over RabbitMQ and PostgreSQL, which must be installed")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: for trying things out")
    parser.add_argument("--json", metavar="FILE", help="also write everything as JSON; - is standard output")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a promise is broken beyond the margin")
    parser.add_argument("--margin", type=float, default=20, metavar="PERCENT",
                        help="how far a figure may exceed its promise with --check (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="boots of each kind in the libvirt part (default: 7)")
    return parser


class Report:
    """Collects figures, prints each as it comes, and compares them with the promises."""

    def __init__(self):
        self._figures = {}

    def add(self, figure, values):
        self._figures[figure] = values
        shown = [f"{name}={values[name]:g}" for name in _ORDER if name in values]
        print(f"{figure:18} {'  '.join(shown)}  {values.get('note', '')}".rstrip(), flush=True)

    def value(self, promise):
        """The figure that a promise speaks of; None: it was not measured."""
        values = self._figures.get(promise.figure)
        if values is None:
            return None
        return values.get({"CPU-ms": "cpu_ms", "ms (p50)": "p50_ms"}.get(promise.unit, "value"))

    def verdict(self, margin):
        """Print promises beside figures; return the names of those exceeded by more than ``margin`` percent."""
        broken = []
        print(f"\n{'promise':18} {'limit':>8} {'measured':>9} {'of limit':>9} {'of floor':>9} {'of peer':>9}  unit")
        for promise in PROMISES:
            value = self.value(promise)
            if value is None:
                print(f"{promise.figure:18} {promise.limit:8g} {'-':>9} {'':>29}  {promise.unit}  not measured")
                continue
            exceeded = value > promise.limit * (1 + margin / 100)
            broken += [promise.figure] if exceeded else []
            mark = "BROKEN" if exceeded else "over, within the margin" if value > promise.limit else ""
            print(f"{promise.figure:18} {promise.limit:8g} {value:9.3g} {_times(value, promise.limit)} "
                  f"{_times(value, self._floor(promise.figure))} {_times(value, promise.peer)}  {promise.unit}  "
                  f"{mark}".rstrip())
        return broken

    def _floor(self, figure):
        return self._figures.get(f"floor_{figure}", {}).get("cpu_ms")

    def document(self):
        """Everything as JSON's types."""
        return {"finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "load_average": os.getloadavg(),
                "cpus": os.cpu_count(), "python": sys.version.split()[0], "figures": self._figures,
                "promises": {figure: {"limit": promise.limit, "unit": promise.unit, "peer": promise.peer,
                                      "measured": self.value(promise)} for figure, promise in BY_FIGURE.items()}}


def _times(value, other):
    return f"{value / other:8.3g}x" if other else f"{'':9}"


if __name__ == "__main__":
    sys.exit(main())
