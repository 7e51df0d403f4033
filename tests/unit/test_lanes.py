"""Processes of tests that run side by side on one machine take nothing from each other."""

import contextlib
import ipaddress
import socket
import subprocess
import sys

from tests import lanes

ASK = "from tests import lanes; print(lanes.number(), lanes.free_port(), *lanes.screens(), *lanes.ranges(), sep='\\n')"


def test_another_process_has_ports_screens_and_ranges_of_its_own():
    first, last = lanes.screens()
    ours, taken = list(map(ipaddress.ip_network, lanes.ranges())), {lanes.free_port() for _ in range(20)}
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, timeout=60).stdout
    number, port, their_first, their_last, *ranges = told.split()
    assert int(number) != lanes.number()
    assert int(port) not in range(min(taken), max(taken) + 1)
    assert int(their_last) < first or int(their_first) > last
    assert not any(ipaddress.ip_network(theirs).overlaps(mine) for theirs in ranges for mine in ours)


def test_a_port_is_not_given_twice_in_a_row_nor_while_somebody_listens_there():
    ports = [lanes.free_port() for _ in range(20)]
    assert len(set(ports)) == len(ports)
    with contextlib.closing(socket.create_server(("127.0.0.1", max(ports) + 1))) as listening:
        assert lanes.free_port() > listening.getsockname()[1]


def test_clouds_of_one_process_have_ranges_of_their_own():
    networks = [ipaddress.ip_network(each) for _ in range(5) for each in lanes.ranges()]
    assert not any(one.overlaps(other) for one in networks for other in networks if one is not other)
