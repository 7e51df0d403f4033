import random

from nova_lite.network.planes.port_table import PortTable
from nova_lite.network.planes.state import Port


def port(number, network, groups):
    return Port(port_id=f"p{number}", server_id="s", network_id=network, bridge="", tap="", mac="", mtu=0, hostname="",
                addresses=(), security_groups=groups)


def test_networks_and_groups_are_those_of_the_ports_that_are_there():
    choose, table, expected = random.Random(5), PortTable([port(0, "n0", None)]), {"p0": port(0, "n0", None)}
    for _ in range(2000):
        groups = choose.choice([None, (), ("a",), ("b",)])
        one = port(choose.randrange(20), choose.choice(["", "n0", "n1", "n2"]), groups)
        if choose.random() < 0.5:
            table[one.port_id] = expected[one.port_id] = one
        else:
            assert table.pop(one.port_id, None) == expected.pop(one.port_id, None)
        assert dict(table) == expected and len(table) == len(expected) and list(table) == list(expected)
        assert set(table.networks) == {each.network_id for each in expected.values()}
        assert set(table.groups) == {each.security_groups for each in expected.values()}
    table.clear()
    assert (list(table.networks), list(table.groups), list(table.items())) == ([], [], [])
