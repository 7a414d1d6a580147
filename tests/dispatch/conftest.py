"""A desk on each database: what holds on SQLite must hold on PostgreSQL."""

import pytest

from tests.desks import new_desk
from tests.servers import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request, tmp_path):
    """An empty desk with the demo county's rules."""
    if request.param == "sqlite":
        with new_desk(tmp_path) as made:
            yield made
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as url, new_desk(tmp_path, url) as made:
            yield made
