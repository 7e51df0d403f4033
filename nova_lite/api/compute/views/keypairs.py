"""What a keypair looks like in each microversion."""


def _brief(row, typed):
    shown = {"name": row.name, "public_key": row.public_key, "fingerprint": row.fingerprint}
    if typed:
        shown["type"] = row.type
    return shown


def listed(req, rows):
    typed = req.at_least("2.2")
    return [{"keypair": _brief(row, typed)} for row in rows]


def created(req, row, private_key):
    """:param private_key: None where the user brought a public key."""
    shown = {**_brief(row, req.at_least("2.2")), "user_id": row.user_id}
    if private_key is not None:
        shown["private_key"] = private_key
    return {"keypair": shown}


def show(req, row):
    return {"keypair": {**_brief(row, req.at_least("2.2")), "user_id": row.user_id, "id": row.id,
                        "created_at": row.created_at.isoformat(timespec="microseconds"), "updated_at": None,
                        "deleted": False, "deleted_at": None}}
