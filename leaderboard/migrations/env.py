"""Run by alembic: applies the steps over the connection that `leaderboard.store` hands it."""

from alembic import context

from leaderboard.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
