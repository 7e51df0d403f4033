"""``nova-lite``: the command a newcomer meets - up, down, remove, doctor, trace, audit."""

import argparse
import sys

from nova_lite import __version__

_DEFAULT_DIR = "/var/lib/nova_lite"


def main(argv=None):
    arguments = _parser().parse_args(argv)
    return arguments.run(arguments)


def _parser():
    parser = argparse.ArgumentParser(
        prog="nova-lite", description="A whole OpenStack-compatible cloud on this machine, in one process.")
    parser.add_argument("--version", action="version", version=f"nova-lite {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start the cloud",
                             description="Start API, conductor, scheduler, compute and metadata in one process. "
                                         "What is missing (database, keys, users, flavors, network) is created.")
    _add_place(up)
    up.add_argument("--listen", default="127.0.0.1:8774", metavar="HOST:PORT",
                    help="address of the one HTTP port for all APIs (default: %(default)s)")
    up.add_argument("--driver", choices=["libvirt", "fake"],
                    help="libvirt boots real guests; fake only remembers them and needs no root (default: libvirt)")
    up.add_argument("--detach", action="store_true", help="return when the cloud is ready; it runs on")
    up.set_defaults(run=_up)

    down = commands.add_parser("down", help="stop the cloud; guests keep running",
                               description="Stop the cloud of a state directory. Guests keep running, and the next "
                                           "'nova-lite up' finds them again.")
    _add_place(down)
    down.set_defaults(run=_down)

    remove = commands.add_parser("remove", help="stop the cloud and delete all it made: guests, network, state",
                                 description="Stop the cloud and delete every guest, network and file of it.")
    _add_place(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.add_argument("--driver", choices=["libvirt", "fake"], help="as given to 'up'")
    remove.set_defaults(run=_remove)

    doctor = commands.add_parser("doctor", help="check this machine and say how to mend what is missing")
    _add_place(doctor)
    doctor.add_argument("--listen", default="127.0.0.1:8774", metavar="HOST:PORT",
                        help="the address that 'up' is going to use (default: %(default)s)")
    doctor.add_argument("--driver", choices=["libvirt", "fake"], default="libvirt")
    doctor.set_defaults(run=_doctor)

    trace = commands.add_parser("trace", help="draw what a request or a server went through",
                                description="Draw every operation of a request or a server as a tree: who asked, each "
                                            "step, where and when, how it ended, and the functions that did it.")
    _add_place(trace)
    trace.add_argument("wanted", metavar="REQUEST_ID|SERVER", help="a request's id, or a server's id or name")
    trace.set_defaults(run=_trace, driver=None)

    audit = commands.add_parser("audit", help="show what differs from what should be, and what to do",
                                description="Show what the auditor found different between the database and what is, "
                                            "what of it was repaired, and what to do about the rest. Exit status: 0 "
                                            "nothing differs, 1 something does, 2 it cannot be told.")
    _add_place(audit)
    audit.add_argument("--now", action="store_true", help="let the database and every host be looked at first")
    audit.add_argument("--json", action="store_true", help="for programs")
    audit.set_defaults(run=_audit, driver=None)

    explain = commands.add_parser("explain", help="tell why a server is where it is, or nowhere",
                                  description="Print every decision that the scheduler made for a server: what was "
                                              "asked, and each host with its weight or the filter that refused it.")
    _add_place(explain)
    explain.add_argument("wanted", metavar="SERVER", help="a server's id or name, or a request's id")
    explain.add_argument("--json", action="store_true", help="the same as JSON")
    explain.set_defaults(run=_explain, driver=None)
    return parser


def _add_place(parser):
    parser.add_argument("--state-dir", default=_DEFAULT_DIR, metavar="DIR",
                        help="where everything is kept: database, images, disks, logs (default: %(default)s)")
    parser.add_argument("--config-file", action="append", default=[], metavar="FILE",
                        help="more options; may be given several times, the last one wins")


def _up(arguments):
    from nova_lite.cmd import up
    return up.run(arguments)


def _down(arguments):
    from nova_lite.cmd import down
    return down.run(arguments)


def _remove(arguments):
    from nova_lite.cmd import remove
    return remove.run(arguments)


def _trace(arguments):
    from nova_lite.cmd import trace
    return trace.run(arguments)


def _audit(arguments):
    from nova_lite.cmd import audit
    return audit.run(arguments)


def _explain(arguments):
    from nova_lite.cmd import explain
    return explain.run(arguments)


def _doctor(arguments):
    from nova_lite.cmd import doctor
    return doctor.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
