"""How many points of each operation the matrix walks, counted over all calm runs; a change may only make it more.

A step that is no longer journalled, or a transaction that no longer marks its change, takes its cases with it and
nothing fails.  These numbers do: test_completeness compares them with what is walked.
"""

WALKED = {
    "build_server": 39,
    "stop_server": 13,
    "start_server": 25,
    "reboot_server": 17,
    "hard_reboot_server": 25,
    "pause_server": 15,
    "unpause_server": 15,
    "suspend_server": 15,
    "resume_server": 19,
    "snapshot_server": 23,
    "backup_server": 23,
    "resize_server": 35,
    "confirm_resize": 13,
    "revert_resize": 17,
    "shelve_server": 31,
    "offload_server": 17,
    "unshelve_server": 43,
    "change_password": 13,
    "attach_interface": 27,
    "detach_interface": 19,
    "add_fixed_ip": 15,
    "remove_fixed_ip": 15,
    "rebuild_server": 43,
    "rescue_server": 27,
    "unrescue_server": 17,
    "soft_delete_server": 13,
    "restore_server": 25,
    "delete_server": 19,
}
