"""The table of the floors: which modules are on which, and which of them each may import; tests and docs read it."""

#: Modules below these names belong to the floor; the longest name wins.
FLOORS = {
    "nova_lite.cmd": "cmd", "nova_lite.console": "console",
    "nova_lite.api": "api",
    "nova_lite.policies": "policies",
    "nova_lite.compute.api": "facades", "nova_lite.compute.actions": "facades",
    "nova_lite.idempotency": "facades", "nova_lite.ledger": "facades",
    "nova_lite.identity": "facades", "nova_lite.image": "facades", "nova_lite.network": "facades",
    "nova_lite.compute.manager": "hosts", "nova_lite.compute.tasks": "hosts",
    "nova_lite.image.cache": "hosts", "nova_lite.image.cache_survey": "hosts", "nova_lite.image.upload": "hosts",
    "nova_lite.image.transfer": "hosts",
    "nova_lite.image.inspect": "shared", "nova_lite.image.store": "shared",
    "nova_lite.image.receive": "shared", "nova_lite.image.qcow2": "shared",
    "nova_lite.network.planes": "hosts", "nova_lite.network.planes.capabilities": "shared",
    "nova_lite.network.agent": "hosts", "nova_lite.network.pages": "hosts", "nova_lite.network.port_reports": "hosts",
    "nova_lite.network.rpcapi": "rpcapi",
    "nova_lite.conductor": "conductor", "nova_lite.scheduler": "scheduler",
    "nova_lite.virt": "virt", "nova_lite.db": "db",
    "nova_lite.compute.rpcapi": "rpcapi", "nova_lite.conductor.rpcapi": "rpcapi",
    "nova_lite.scheduler.rpcapi": "rpcapi",
    "nova_lite.conf": "conf", "nova_lite.common": "common", "nova_lite.objects": "objects", "nova_lite": "package",
}
LEAVES = {"conf", "common", "objects", "package"}
#: floor -> the floors it may import besides itself and LEAVES
ALLOWED = {
    "console": {"facades"},
    "cmd": {"api", "console", "policies", "facades", "hosts", "conductor", "scheduler", "virt", "db", "rpcapi",
            "shared"},
    "api": {"facades", "policies"},
    "facades": {"db", "rpcapi", "shared", "policies"},
    "conductor": {"db", "rpcapi", "facades"},
    "scheduler": {"db", "rpcapi"},
    "hosts": {"rpcapi", "virt", "shared"},
    "shared": set(), "virt": set(), "db": set(), "rpcapi": set(), "policies": set(), "conf": set(), "common": set(),
    "objects": set(), "package": set(),
}
