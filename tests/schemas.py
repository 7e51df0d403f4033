"""A database's schema as plain data, by which two databases are compared."""

import sqlalchemy as sa


def described(engine):
    """{table: {"columns", "key", "foreign", "unique", "indexes"}} of all tables but Alembic's own."""
    inspector = sa.inspect(engine)
    return {name: _table(inspector, name) for name in inspector.get_table_names() if name != "alembic_version"}


def _table(inspector, name):
    return {
        "columns": {each["name"]: (str(each["type"]), each["nullable"]) for each in inspector.get_columns(name)},
        "key": inspector.get_pk_constraint(name)["constrained_columns"],
        "foreign": sorted((each["constrained_columns"], each["referred_table"], each["referred_columns"],
                           each["options"].get("ondelete")) for each in inspector.get_foreign_keys(name)),
        "unique": sorted((each["name"], each["column_names"]) for each in inspector.get_unique_constraints(name)),
        "indexes": sorted((each["name"], each["column_names"], bool(each["unique"]))
                          for each in inspector.get_indexes(name))}
