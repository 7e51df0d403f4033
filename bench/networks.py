"""What the network API costs: one process with the fake driver."""

import itertools
import json
import tempfile

from bench import measure
from bench.cloud import Cloud

_API = "/network/v2.0"
_LISTED = 1000


def run(report, quick=False):
    """:param report: called with (figure's name, its values as a dict)."""
    with tempfile.TemporaryDirectory(prefix="nova-lite-bench-") as directory:
        cloud = Cloud(directory)
        try:
            cloud.start()
            _Run(cloud, report, 10 if quick else 50).run()
        finally:
            cloud.stop()


class _Run:
    def __init__(self, cloud, report, times):
        self._api = cloud.api()
        self._pid = cloud.pid
        self._report = report
        self._times = times
        self._numbers = itertools.count()
        lifted = dict.fromkeys(("network", "subnet", "port", "router", "floatingip"), -1)
        cloud.api("admin").raw("PUT", f"{_API}/quotas/{self._api.project_id}", {"quota": lifted})

    def _make(self, kind, **values):
        return json.loads(self._api.raw("POST", f"{_API}/{kind}s", {kind: values}))[kind]

    def _measure(self, figure, operation, times=None):
        self._report(figure, measure.repeat(self._pid, operation, times or self._times))

    def run(self):
        api, network, other = self._api, self._make("network", name="n"), self._make("network", name="other")
        subnet = self._make("subnet", network_id=network["id"], ip_version=4, cidr="10.8.0.0/16")
        external = api.get(f"{_API}/networks?router:external=true")["networks"][0]["id"]
        self._measure("network_create", lambda: self._make("network", name="x"))
        self._measure("subnet_create", lambda: self._make(
            "subnet", network_id=other["id"], ip_version=4, cidr=f"10.9.{next(self._numbers)}.0/24"))
        self._measure("port_create", lambda: self._make(
            "port", network_id=network["id"], fixed_ips=[{"subnet_id": subnet["id"]}]))
        self._measure("router_create", lambda: self._make("router", name="r"))
        self._measure("floating_ip_create", lambda: self._make("floatingip", floating_network_id=external))
        self._list(network, subnet)

    def _list(self, network, subnet):
        there = len(self._api.get(f"{_API}/ports?limit=1000&network_id={network['id']}")["ports"])
        one = {"network_id": network["id"], "fixed_ips": [{"subnet_id": subnet["id"]}]}
        for start in range(there, _LISTED, 100):
            self._api.raw("POST", f"{_API}/ports", {"ports": [one] * min(100, _LISTED - start)})
        path = f"{_API}/ports?network_id={network['id']}&limit={_LISTED}"
        found = len(self._api.get(path)["ports"])
        if found != _LISTED:
            raise RuntimeError(f"there are {found} ports, not {_LISTED}")
        self._measure("list_ports_1000", lambda: self._api.raw("GET", path), 10)
