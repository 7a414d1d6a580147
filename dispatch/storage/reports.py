"""Reports that were given out (报表存档): frozen versions, never changed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.records import DAILY_COUNT

_report = SQLModel.metadata.tables["report"]


def find(tx: Transaction, kind: str, period: str, version: int | None = None) -> Mapping[str, Any] | None:
    """The row of that version, or of the newest; None when there is none."""
    query = select(_report).where(_report.c.kind == kind, _report.c.period == period)
    if version is not None:
        query = query.where(_report.c.version == version)
    row = tx.connection().execute(query.order_by(_report.c.version.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def put(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Keep one version. Raises Doubled when that version was given out meanwhile."""
    tx.connection().execute(insert(_report), [dict(row)])


def versions(tx: Transaction, kind: str, n: int) -> list[tuple[str, int, datetime]]:
    """Period, version and as_of of the newest `n` reports of a kind, newest period first."""
    columns = (_report.c.period, _report.c.version, _report.c.as_of)
    query = select(*columns).where(_report.c.kind == kind)
    query = query.order_by(_report.c.period.desc(), _report.c.version.desc()).limit(n)
    return [(period, version, as_of) for period, version, as_of in tx.connection().execute(query)]


def of_period(tx: Transaction, kind: str, period: str) -> list[Mapping[str, Any]]:
    """Every version of one report without its document, oldest first."""
    columns = (_report.c[name] for name in ("version", "as_of", "made_by", "reason"))
    query = select(*columns).where(_report.c.kind == kind, _report.c.period == period)
    return [dict(each) for each in tx.connection().execute(query.order_by(_report.c.version)).mappings()]


def newest_period(tx: Transaction, kind: str) -> str | None:
    """The last period of a kind that was given out; its names sort as the periods do."""
    query = select(func.max(_report.c.period)).where(_report.c.kind == kind)
    found: str | None = tx.connection().execute(query).scalar()
    return found


def first_day(tx: Transaction) -> date | None:
    """The first day on which anything was counted; None on an empty desk."""
    found: date | None = tx.connection().execute(select(func.min(DAILY_COUNT.c.day))).scalar()
    return found
