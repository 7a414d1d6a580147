"""Alembic's entry (数据库迁移): one connection given by `dispatch.storage.migrate`, or an URL for a new revision."""

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlmodel import SQLModel

from dispatch.storage import records, tables  # noqa: F401  (they define the tables)


def run(connection: Connection) -> None:
    """Run the revisions asked for on `connection`."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    with create_engine(url).connect() as opened:
        run(opened)
