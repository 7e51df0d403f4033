"""What requests to move servers to other hosts may say, version by version."""

from nova_lite.api.compute.schemas.types import BOOLEAN, FQDN, action, closed
from nova_lite.api.wsgi.validation import Since

_HOST = {**FQDN, "type": ["string", "null"]}
_AUTO = {**BOOLEAN, "enum": [*BOOLEAN["enum"], "auto"]}
_PASSWORD = {"type": "string"}

MIGRATE = Since({
    "2.1": action("migrate"),
    "2.56": action("migrate", {**closed(host=_HOST), "type": ["object", "null"]}),
})
_LIVE = ["block_migration", "host"]
MIGRATE_LIVE = Since({
    "2.1": action("os-migrateLive", closed(["block_migration", "disk_over_commit", "host"], block_migration=BOOLEAN,
                                           disk_over_commit=BOOLEAN, host=_HOST)),
    "2.25": action("os-migrateLive", closed(_LIVE, block_migration=_AUTO, host=_HOST)),
    "2.30": action("os-migrateLive", closed(_LIVE, block_migration=_AUTO, host=_HOST, force=BOOLEAN)),
    "2.68": action("os-migrateLive", closed(_LIVE, block_migration=_AUTO, host=_HOST)),
})
EVACUATE = Since({
    "2.1": action("evacuate", closed(["onSharedStorage"], host=FQDN, onSharedStorage=BOOLEAN, adminPass=_PASSWORD)),
    "2.14": action("evacuate", closed(host=FQDN, adminPass=_PASSWORD)),
    "2.29": action("evacuate", closed(host=FQDN, adminPass=_PASSWORD, force=BOOLEAN)),
    "2.68": action("evacuate", closed(host=FQDN, adminPass=_PASSWORD)),
})
