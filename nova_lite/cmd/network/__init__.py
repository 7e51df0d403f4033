"""``nova-lite network``: how networks, routers and ports are connected, and why a packet arrives or does not."""

import ipaddress
import json
import os
import sys

from nova_lite.cmd import trace, tree, up
from nova_lite.cmd.network import drawing
from nova_lite.common import exceptions
from nova_lite.conf import CONF


def run(arguments):
    """0; 1 where a packet does not arrive; 2 where nothing is known by a name, or several things are."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
        return _trace(arguments) if arguments.action == "trace" else _show(arguments)
    except exceptions.NovaLiteError as error:
        print(f"nova-lite: {error}", file=sys.stderr)
        return 2


def _show(arguments):
    found = show(arguments.wanted)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n\n".join("\n".join(tree.drawn(drawing.of(each))) for each in found))
    return 0


def _trace(arguments):
    steps = way(arguments.source, arguments.target, arguments.packet)
    arrives = steps[-1].passes
    if arguments.json:
        print(json.dumps({"arrives": arrives, "steps": [each.what for each in steps]}, indent=2))
    else:
        for number, each in enumerate(steps, 1):
            print(f"{number:>2}  {each.what}")
        print("It arrives." if arrives else "It does not arrive.")
    return 0 if arrives else 1


def show(wanted):
    """The documents (network/embedded/topology.py) of a network, router, port or server, by id or name.

    :raises Misconfigured: there is no database, or another service has the networks.
    :raises NotFound, Conflict: as ``Topology.show``.
    """
    from nova_lite import db
    from nova_lite.network.embedded.topology import Topology
    _check()
    with db.snapshot() as session:
        return Topology(session).show(wanted)


def way(source, target, packet):
    """[Step] of a packet.

    :param source: a port or server, by id or name, or an address outside.  :param target: likewise, or any address.
    :param packet: as ``packets.Kind.of`` takes it.
    :raises Misconfigured, NotFound, Conflict: as ``show``.  :raises BadRequest: ``packet`` is no protocol, or the
        target has no address that the source could reach.
    """
    from nova_lite import db
    from nova_lite.cmd.network.packets import Kind
    from nova_lite.cmd.network.walk import Walk
    from nova_lite.network.embedded.topology import Topology
    _check()
    kind = Kind.of(packet)
    with db.snapshot() as session:
        topology, outside, aim = Topology(session), _address(source), _address(target)
        if outside is not None:
            return Walk(session).from_outside(outside, aim or topology.outer_address(target), kind)
        [port, *_] = topology.ports(source)
        if aim is not None:
            return Walk(session).from_port(port, aim, kind)
        aim, wanted = topology.inner_address(target, port)
        return Walk(session, wanted["network_id"]).from_port(port, aim, kind)


def _address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _check():
    trace.check_database()
    if CONF.network.backend != "embedded":
        raise exceptions.Misconfigured(
            problem=f"This cloud's networks are kept by another service ([network] backend = {CONF.network.backend}).",
            remedy="Ask that one, for instance by 'openstack network show' and 'openstack port show'.")
