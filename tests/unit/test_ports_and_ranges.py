"""Processes of tests that run side by side on one machine take nothing from each other."""

import contextlib
import ipaddress
import socket
import subprocess
import sys

from tests import ports_and_ranges

ASK = ("from tests import ports_and_ranges as taken; "
       "print(taken.number(), taken.free_port(), *taken.screens(), *taken.ranges(), sep='\\n')")


def test_processes_of_the_test_run_have_separate_ports_screens_and_ranges():
    first, last = ports_and_ranges.screens()
    ours = list(map(ipaddress.ip_network, ports_and_ranges.ranges()))
    taken = {ports_and_ranges.free_port() for _ in range(20)}
    printed = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True,
                             timeout=300).stdout
    number, port, their_first, their_last, *ranges = printed.split()
    assert int(number) != ports_and_ranges.number()
    assert int(port) not in range(min(taken), max(taken) + 1)
    assert int(their_last) < first or int(their_first) > last
    assert not any(ipaddress.ip_network(theirs).overlaps(mine) for theirs in ranges for mine in ours)


def test_a_port_is_not_given_twice_in_a_row_nor_while_somebody_listens_there():
    ports = [ports_and_ranges.free_port() for _ in range(20)]
    assert len(set(ports)) == len(ports)
    with contextlib.closing(socket.create_server(("127.0.0.1", max(ports) + 1))) as listening:
        assert ports_and_ranges.free_port() > listening.getsockname()[1]


def test_clouds_of_one_process_have_separate_network_ranges():
    networks = [ipaddress.ip_network(each) for _ in range(5) for each in ports_and_ranges.ranges()]
    assert not any(one.overlaps(other) for one in networks for other in networks if one is not other)
