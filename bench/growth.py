"""What 10,000 servers cost: a start with all of them on one host, and the next create in their project."""

import tempfile

from bench import many, measure
from bench.cloud import Cloud, Tenant

_COUNT = 10_000
_LARGE = "vcpus = 100000\nmemory_mb = 100000000\n"      # of the one host, after [fake]


def run(report, quick=False):
    """:param report: called with (figure's name, its values as a dict)."""
    with tempfile.TemporaryDirectory(prefix="nova-lite-bench-") as directory:
        cloud = Cloud(directory, options=_LARGE)
        try:
            _run(cloud, report, _COUNT // 10 if quick else _COUNT)
        finally:
            cloud.stop()


def _run(cloud, report, count):
    cloud.start()
    tenant = Tenant(cloud, limits={"instances": count * 2, "cores": count * 8, "ram": count * 4096})
    few = _creates(cloud, tenant)
    for each in tenant.api.servers()[1:]:
        tenant.delete(each["id"])
    measure.until("one server is left", lambda: len(tenant.api.servers()) == 1, 120)
    cloud.stop()
    many.copy_server(f"sqlite:///{cloud.state_dir}/nova_lite.sqlite", cloud.state_dir, count)
    cloud.start()
    report("ready_10000", {"n": count, "value": round(cloud.ready_s, 2)})
    crowded = _creates(cloud, tenant)
    report("create_10000", {"n": count, "value": round(crowded["cpu_ms"] / few["cpu_ms"], 2),
                            "note": f"{crowded['cpu_ms']} CPU-ms, beside {few['cpu_ms']} in an empty project"})


def _creates(cloud, tenant):
    """What creating a server costs: {"cpu_ms", ...}."""
    found = measure.repeat(cloud.pid, lambda: tenant.create("more"), 20, warm_up=3)
    tenant.wait_built()
    return found
