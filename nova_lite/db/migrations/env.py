"""Alembic's entry: run the revisions on the connection that ``db.migrate`` hands over."""

from alembic import context

from nova_lite.db.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True,
                  render_as_batch=connection.dialect.name == "sqlite", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
