"""What server groups look like in each microversion."""


def server_group(req, row, members):
    """:param members: ids of its servers."""
    shown = {"id": row.id, "name": row.name}
    if req.at_least("2.64"):
        shown["policy"] = row.policy
        shown["rules"] = {} if row.max_server_per_host is None else {"max_server_per_host": row.max_server_per_host}
    else:
        shown["policies"], shown["metadata"] = [row.policy], {}
    shown["members"] = members
    if req.at_least("2.13"):
        shown["project_id"], shown["user_id"] = row.project_id, row.user_id
    return shown
