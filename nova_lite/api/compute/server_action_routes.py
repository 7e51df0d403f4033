"""The part of the compute API's table that is about a server's life after its birth."""

from nova_lite.api.compute.delete import Delete
from nova_lite.api.compute.guest import Guest
from nova_lite.api.compute.pause import Pause
from nova_lite.api.compute.rebuild import Rebuild
from nova_lite.api.compute.relocation import Relocation
from nova_lite.api.compute.rescue import Rescue
from nova_lite.api.compute.reset_state import ResetState
from nova_lite.api.compute.resize import Resize
from nova_lite.api.compute.shelve import Shelve
from nova_lite.api.compute.snapshot import Snapshot
from nova_lite.api.wsgi.routing import Action, Route

CONTROLLERS = {
    "pause": Pause, "delete": Delete, "reset_state": ResetState, "rebuild": Rebuild, "rescue": Rescue,
    "snapshot": Snapshot, "resize": Resize, "guest": Guest, "shelve": Shelve,
    "relocation": Relocation,
}


def _action(name, target, rule, since=None):
    return Action(name, target, since, policy=f"os_compute_api:{rule}")


ROUTES = (
    Route("GET", "/servers/{server_id}/diagnostics", "guest:diagnostics",
          policy="os_compute_api:os-server-diagnostics"),
    Route("GET", "/servers/{server_id}/topology", "guest:topology", "2.78", policy="compute:server:topology:index"),
)

ACTIONS = (
    _action("pause", "pause:pause", "os-pause-server:pause"),
    _action("unpause", "pause:unpause", "os-pause-server:unpause"),
    _action("suspend", "pause:suspend", "os-suspend-server:suspend"),
    _action("resume", "pause:resume", "os-suspend-server:resume"),
    _action("rebuild", "rebuild:rebuild", "servers:rebuild"),
    _action("rescue", "rescue:rescue", "os-rescue"),
    _action("unrescue", "rescue:unrescue", "os-unrescue"),
    _action("createImage", "snapshot:image", "servers:create_image"),
    _action("createBackup", "snapshot:backup", "os-create-backup"),
    _action("resize", "resize:resize", "servers:resize"),
    _action("confirmResize", "resize:confirm", "servers:confirm_resize"),
    _action("revertResize", "resize:revert", "servers:revert_resize"),
    _action("changePassword", "guest:change_password", "os-admin-password"),
    _action("trigger_crash_dump", "guest:crash", "servers:trigger_crash_dump", since="2.17"),
    _action("shelve", "shelve:shelve", "os-shelve:shelve"),
    _action("shelveOffload", "shelve:offload", "os-shelve:shelve_offload"),
    _action("unshelve", "shelve:unshelve", "os-shelve:unshelve"),
    _action("restore", "delete:restore", "os-deferred-delete:restore"),
    _action("forceDelete", "delete:force", "os-deferred-delete:force"),
    _action("migrate", "relocation:migrate", "os-migrate-server:migrate"),
    _action("os-migrateLive", "relocation:migrate_live", "os-migrate-server:migrate_live"),
    _action("evacuate", "relocation:evacuate", "os-evacuate"),
    _action("os-resetState", "reset_state:reset", "os-admin-actions:reset_state"),
)
