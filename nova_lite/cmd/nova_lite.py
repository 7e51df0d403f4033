"""``nova-lite``: the command a newcomer meets - up, down, remove, doctor, trace, audit, explain, network."""

import argparse
import importlib
import sys

from nova_lite import __version__

_DEFAULT_DIR = "/var/lib/nova_lite"
_DRIVERS = ("libvirt", "fake")


def main(argv=None):
    """Each command is ``run`` of the module that has its name; the others are not loaded."""
    arguments = _parser().parse_args(argv)
    try:
        return importlib.import_module(f"nova_lite.cmd.{arguments.command}").run(arguments)
    except KeyboardInterrupt:
        print("nova-lite: interrupted", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="nova-lite", description="A whole OpenStack-compatible cloud on this machine, in one process.")
    parser.add_argument("--version", action="version", version=f"nova-lite {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, dest="command", metavar="COMMAND")
    for add in (_up, _down, _remove, _doctor, _trace, _audit, _explain, _network):
        add(commands)
    return parser


def _command(commands, name, help, description):
    """The parser of one command, with what all of them take."""
    parser = commands.add_parser(name, help=help, description=description)
    parser.add_argument("--state-dir", default=_DEFAULT_DIR, metavar="DIR",
                        help="where everything is kept: database, images, disks, logs (default: %(default)s)")
    parser.add_argument("--config-file", action="append", default=[], metavar="FILE",
                        help="more options; may be given several times, the last one wins")
    return parser


def _up(commands):
    parser = _command(commands, "up", "start the cloud",
                      "Start API, conductor, scheduler, compute, metadata and console proxies in one process. What is "
                      "missing (database, keys, users, flavors, network) is created.")
    parser.add_argument("--listen", metavar="HOST:PORT",
                        help="address of the one HTTP port for all APIs (default: 127.0.0.1:8774)")
    parser.add_argument("--driver", choices=_DRIVERS,
                        help="libvirt boots real guests; fake only remembers them and needs no root (default: libvirt)")
    parser.add_argument("--detach", action="store_true", help="return when the cloud is ready; it runs on")


def _down(commands):
    _command(commands, "down", "stop the cloud; guests keep running",
             "Stop the cloud of a state directory. Guests keep running, and the next 'nova-lite up' finds them again.")


def _remove(commands):
    parser = _command(commands, "remove", "stop the cloud and delete all it made: guests, network, state",
                      "Stop the cloud and delete every guest, network and file of it.")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--driver", choices=_DRIVERS, help="as given to 'up'")


def _doctor(commands):
    parser = _command(commands, "doctor", "check this machine and say how to mend what is missing",
                      "Check this machine for what a cloud needs, and say how to mend each thing that is missing.")
    parser.add_argument("--listen", metavar="HOST:PORT", help="as you are going to give it to 'up'")
    parser.add_argument("--driver", choices=_DRIVERS, help="likewise")


def _trace(commands):
    parser = _command(commands, "trace", "draw what a request or a server went through",
                      "Draw every operation of a request or a server as a tree: who asked, each step, where and when, "
                      "how it ended, and the functions that did it.")
    parser.add_argument("wanted", metavar="REQUEST_ID|SERVER", help="a request's id, or a server's id or name")


def _audit(commands):
    parser = _command(commands, "audit", "show what differs from what should be, and what to do",
                      "Show what the auditor found different between the database and what is, what of it was "
                      "repaired, and what to do about the rest. Exit status: 0 nothing differs, 1 something does, 2 it "
                      "cannot be found out.")
    parser.add_argument("--now", action="store_true", help="let the database and every host be looked at first")
    parser.add_argument("--json", action="store_true", help="for programs")


def _explain(commands):
    parser = _command(commands, "explain", "show why a server is where it is, or nowhere",
                      "Print every decision that the scheduler made for a server: what was asked, and each host with "
                      "its weight or the filter that refused it.")
    parser.add_argument("wanted", metavar="SERVER", help="a server's id or name, or a request's id")
    parser.add_argument("--json", action="store_true", help="for programs")


def _network(commands):
    parser = commands.add_parser("network", help="draw how networks are connected, and why a packet arrives or not",
                                 description="Draw networks, routers and ports, or follow a packet.")
    actions = parser.add_subparsers(title="actions", required=True, dest="action", metavar="ACTION")
    show = _command(actions, "show", "draw a network, a router or a port",
                    "Draw a network, a router or a port, or each port of a server: its addresses, what its security "
                    "groups let in and out, and the routers, gateways and floating IPs on its way.")
    show.add_argument("wanted", metavar="NETWORK|ROUTER|PORT|SERVER", help="an id or a name")
    trace = _command(actions, "trace", "follow a packet, and say why it does not arrive",
                     "Follow the first packet of a connection by the rules, routes and addresses that the cloud has. "
                     "Exit status: 0 it arrives, 1 it does not, 2 it cannot be found out.")
    trace.add_argument("source", metavar="FROM", help="a server or port, by id or name, or an address outside")
    trace.add_argument("target", metavar="TO", help="likewise, or any address")
    trace.add_argument("packet", metavar="PROTOCOL", nargs="?", default="icmp",
                       help="tcp/22, udp/53, icmp, or a protocol's number (default: %(default)s)")
    for each in (show, trace):
        each.add_argument("--json", action="store_true", help="for programs")


if __name__ == "__main__":
    sys.exit(main())
