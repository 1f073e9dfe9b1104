"""Run by alembic when the service starts: applies what is missing, on the connection that it was given."""

from alembic import context

from explain_log.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=False
)
context.run_migrations()
