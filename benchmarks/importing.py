"""How fast a file comes in (批量导入速度): `hotline import` of a CSV as history that is still open, twice.

Without a file of one's own the file is invented. The second run must add nothing.
"""

import csv
import gzip
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.ground import HOUSE, Ground, ground_on
from benchmarks.sayings import messages


@dataclass(frozen=True, slots=True)
class Source:
    """A CSV and its columns, in the words of the command; `rows` is the size of the invented one."""

    file: Path | None = None
    columns: tuple[str, ...] = ("--text", "text", "--received", "received", "--external-id", "id")
    rows: int = 5_000


def run(source: Source) -> list[Figure]:
    """Both databases."""
    found = []
    for kind in ("postgresql", "sqlite"):
        with ground_on(kind, model=True) as ground:
            copy = _copied(source, ground)
            first, second = (_import(ground, copy, source.columns) for _ in range(2))
        found += _figures(kind, first, second)
    return found


def _copied(source: Source, ground: Ground) -> Path:
    """The file in the desk's own folder, where its rejects may lie beside it."""
    if source.file is None:
        return _invented(ground, source.rows)
    place = ground.folder / source.file.name
    place.write_bytes(source.file.read_bytes())
    return place


def _invented(ground: Ground, n: int) -> Path:
    place, now = ground.folder / "invented.csv.gz", datetime.now(UTC)
    with gzip.open(place, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "received", "text"))
        for at, each in enumerate(islice(messages(ground.policy, 800), n)):
            received = now - timedelta(days=200 - at * 100 / n)
            writer.writerow((f"case-{at}", received.isoformat(timespec="seconds"), each["text"]))
    return place


def _import(ground: Ground, file: Path, columns: tuple[str, ...]) -> dict[str, float]:
    words = ["import", str(file), *columns, "--history", "--open", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from cli import app; app()", *words],
        cwd=HOUSE,
        env=dict(ground.environ),
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        return {"broken": done.returncode}
    tally: dict[str, float] = json.loads(done.stdout)
    return tally


def _figures(kind: str, first: dict[str, float], second: dict[str, float]) -> list[Figure]:
    if "broken" in first or "broken" in second:
        return [
            Figure(f"{kind}: import", "", broken=f"exit codes {first.get('broken')}, {second.get('broken')}")
        ]
    parts = sum(first[each] for each in ("tickets", "joined", "known", "rejected"))
    missing = "" if parts == first["rows"] else f"{first['rows']} rows, {parts} accounted for"
    doubled = (
        f"{second['tickets'] + second['joined']} added again" if second["tickets"] or second["joined"] else ""
    )
    line = (
        f"{first['rows']:,.0f} rows in {first['seconds']:.1f} s: {first['rate']:,.0f}/s, {first['tickets']:,.0f} tickets, "
        f"{first['rejected']:,.0f} rejected, at most {first['peak_mb']:.0f} MB"
    )
    again = f"{second['known']:,.0f} known, {second['tickets']:.0f} new, {second['seconds']:.1f} s"
    return [
        Figure(f"{kind}: import", line, broken=missing),
        Figure(f"{kind}: the same file again", again, "0 new", not doubled, doubled),
    ]


def given(file: str | None, columns: str | None) -> Source:
    """The source that the command line names; `columns` are flags of `hotline import`, separated by blanks."""
    if file is None:
        return Source()
    return Source(Path(file).expanduser(), tuple((columns or "--text text").split()))
