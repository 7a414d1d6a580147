"""What ticker and auditor remember, as stored (值守记录)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

_watch = SQLModel.metadata.tables["watch"]
_event = SQLModel.metadata.tables["event"]

_NEWEST, _AUDIT, _REPAIR = "newest", "audit", "repair."


@dataclass(frozen=True, slots=True)
class Repairs:
    """How often something was repaired, by kind, and when last."""

    by_kind: Mapping[str, int]
    last: datetime | None


def newest(tx: Transaction) -> datetime | None:
    """The newest instant that ticker or auditor have seen; before they ever ran, when the last event was written down."""
    seen: datetime | None = (
        tx.connection().execute(select(_watch.c.at).where(_watch.c.name == _NEWEST)).scalar()
    )
    if seen is not None:
        return seen
    last: datetime | None = (
        tx.connection().execute(select(_event.c.recorded_at).order_by(_event.c.id.desc()).limit(1)).scalar()
    )
    return last


def see(tx: Transaction, now: datetime, anyway: bool = False) -> None:
    """Remember `now` as the newest instant seen; with `anyway` also where it lies before the one that is remembered."""
    _put(tx, _NEWEST, now, later_only=not anyway)


def repaired(tx: Transaction, kind: str, now: datetime) -> None:
    """Count one repair."""
    _put(tx, f"{_REPAIR}{kind}", now)


def repairs(tx: Transaction) -> Repairs:
    """All repairs so far."""
    query = select(_watch.c.name, _watch.c.n, _watch.c.at).where(_watch.c.name.startswith(_REPAIR))
    rows = tx.connection().execute(query.order_by(_watch.c.name)).all()
    by_kind = {row[0].removeprefix(_REPAIR): row[1] for row in rows}
    return Repairs(by_kind, max((row[2] for row in rows), default=None))


def audited(tx: Transaction, place: str, now: datetime) -> None:
    """A pass has ended; the next goes on after `place`."""
    _put(tx, _AUDIT, now, place)


def last_audit(tx: Transaction) -> tuple[datetime | None, str]:
    """When the last pass ended, and how far it came."""
    query = select(_watch.c.at, _watch.c.words).where(_watch.c.name == _AUDIT)
    found = tx.connection().execute(query).first()
    return (found[0], found[1]) if found else (None, "")


def _put(tx: Transaction, name: str, at: datetime, words: str = "", later_only: bool = False) -> None:
    """A row of that name, or the one there is, one higher."""
    dialect = sqlite if tx.connection().dialect.name == "sqlite" else postgresql
    put = dialect.insert(_watch).values(name=name, at=at, n=1, words=words)
    new = put.excluded
    changed = {"at": new.at, "words": new.words, "n": _watch.c.n + 1}
    where = _watch.c.at < new.at if later_only else None
    tx.connection().execute(put.on_conflict_do_update(index_elements=["name"], set_=changed, where=where))
