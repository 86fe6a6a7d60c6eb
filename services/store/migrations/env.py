"""Alembic's way to the database: the connection that the store has opened."""

from alembic import context

from services.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
