"""Bulk intake (批量导入): a file's rows become tickets, read and routed at once, in batches that are whole or not there.

Every row is a ticket, joins its caller's open one, was known already, or stands in the rejects file. A batch is one
transaction, so a process killed in the middle is made good by running it again.
"""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from dispatch import receive, sameness, triage
from dispatch.desk import Desk
from dispatch.receive import Asked
from dispatch.sameness import Likely
from dispatch.sheets import Sheet
from dispatch.storage import history, people, tickets
from dispatch.storage.database import Doubled, Transaction
from dispatch.storage.ledger import Ledger
from intake import csv as table
from intake.csv import Accepted, Columns, Rejected
from intake.request import Request
from rules import lifecycle
from rules.accept import emergency
from rules.access import Actor
from rules.errors import BadInput
from rules.policy import Policy
from rules.terms import CHINA, Facts, Happened, Happening, Stage
from rules.worktime import Calendar

BATCH = 500
#: Older rows are history even without being told (contract.md).
HISTORY_AFTER = timedelta(days=30)
#: Idempotency is looked up within this scope: every import of this desk shares it.
IMPORTER = Asked(Actor("import", scope="import"))

Suggestions = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What to import: the file's columns, and whether all rows are history, and history that is still open."""

    columns: Columns
    history: bool = False
    open: bool = False


@dataclass(slots=True)
class Tally:
    """What became of the rows; `rows` is the sum of the others."""

    rows: int = 0
    tickets: int = 0
    joined: int = 0
    known: int = 0
    rejected: int = 0

    def in_words(self) -> str:
        """One line for people."""
        counted = f"{self.rows} 行：新工单 {self.tickets}，并入 {self.joined}"
        return f"{counted}，早已导入 {self.known}，退回 {self.rejected}"


def summary(tally: Tally, rejects: Path | None, seconds: float, peak_mb: float) -> tuple[dict[str, Any], str]:
    """What a run of `seconds` came to, as plain JSON and in one line for people; `peak_mb` is the memory it took."""
    data = {**asdict(tally), "rejects_path": str(rejects) if rejects else None, "seconds": round(seconds, 2)}
    data |= {"rate": round(tally.rows / seconds, 1), "peak_mb": peak_mb}
    return data, tally.in_words() + (f"，见 {rejects}" if rejects else "") + f"。用时 {seconds:.1f} 秒。"


@dataclass(slots=True)
class _Batch:
    """What one transaction writes, and the open tickets it makes for each caller (newest first)."""

    ledger: Ledger
    now: datetime
    terms: tuple[Policy, Calendar]
    opened: defaultdict[int, list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    tickets: int = 0
    joined: int = 0
    urged: set[str] = field(default_factory=set)


def load(
    desk: Desk,
    sheet: Sheet,
    order: Order,
    rejects: Path,
    clock: Callable[[], datetime],
    tell: Callable[[Tally], None] = lambda _: None,
) -> tuple[Tally, Path | None]:
    """Import `sheet`; the tally, and the rejects file when a row was rejected.

    `tell` hears the tally after each batch. Raises BadInput for a file without the named columns, and what storage
    raises; every batch before that stands.
    """
    begun = clock()
    policy = desk.packs.active(begun)
    words = {word: each.code for each in policy.channels.values() for word in (each.name, *each.words)}
    rows = table.rows(sheet.lines(), order.columns, begun.astimezone(CHINA), channel_words=words)
    tally = Tally()
    with _Rejects(rejects, sheet.header()) as aside:
        loader = _Loader(desk, order, clock, aside, tally)
        for row in rows:
            tally.rows += 1
            loader.take(row)
            if len(loader.waiting) >= BATCH:
                loader.flush()
                tell(tally)
        loader.flush()
        tell(tally)
    return tally, rejects if tally.rejected else None


class _Loader:
    """Collects rows and writes a batch at a time."""

    def __init__(
        self, desk: Desk, order: Order, clock: Callable[[], datetime], aside: "_Rejects", tally: Tally
    ) -> None:
        self._desk = desk
        self._order = order
        self._clock = clock
        self._aside = aside
        self._tally = tally
        self._lines: dict[tuple[str, str], int] = {}
        self.waiting: list[Accepted] = []

    def take(self, row: table.Row) -> None:
        """Keep a good row for the next batch, put a bad one aside."""
        if isinstance(row, Rejected):
            self._reject(row.line, row.reason, row.cells)
            return
        if self._order.columns.external_id is not None:
            first = self._lines.setdefault(_key(row.request), row.line)
            if first != row.line:
                self._reject(row.line, f"编号与第{first}行相同。", row.cells)
                return
        self.waiting.append(row)

    def _reject(self, line: int, reason: str, cells: Sequence[str]) -> None:
        self._tally.rejected += 1
        self._aside.write(line, reason, cells)

    def flush(self) -> None:
        """Write what waits. Another import of the same rows at the same time is noticed and looked at again."""
        if not self.waiting:
            return
        try:
            self._write(self.waiting)
        except Doubled:
            self._write(self.waiting)
        self.waiting = []

    def _write(self, rows: Sequence[Accepted]) -> None:
        now = self._clock()
        with self._desk.database.reading() as tx:
            known = tickets.known_externals(tx, IMPORTER.actor.scope, [_key(row.request) for row in rows])
        fresh = [row.request for row in rows if _key(row.request) not in known]
        policy = self._desk.packs.active(now)
        batch = _Batch(Ledger(), now, (policy, self._desk.packs.of(policy.hash)[1]))
        said = self._read(fresh, now)
        numbers = _numbers(self._desk, policy, fresh)
        with self._desk.transaction() as tx:
            for request, number, suggestion in zip(fresh, numbers, said, strict=True):
                self._one(tx, batch, request, number, suggestion)
            batch.ledger.write(tx)
            tickets.untally(tx, sorted(batch.urged))
        self._tally.known += len(rows) - len(fresh)
        self._tally.tickets += batch.tickets
        self._tally.joined += batch.joined

    def _read(self, requests: Sequence[Request], now: datetime) -> Suggestions:
        """What the model says, without the words that spoke for it: those cost more than the answer."""
        model = self._desk.models.active(now)
        if model is None:
            return [None] * len(requests)
        return model.suggest_many([f"{each.title}\n{each.masked_text}" for each in requests], explain=False)

    def _one(self, tx: Transaction, batch: _Batch, request: Request, number: str, said: Any) -> None:
        old = self._order.history or batch.now - request.received_at > HISTORY_AFTER
        person, contacts, key = None, 0, request.caller.key
        if key is not None:
            person, contacts, _ = people.count_contact(tx, self._desk.seal, key, batch.now)
        danger = (
            None
            if old
            else emergency(f"{request.given_title or ''}\n{request.text}", batch.terms[0].emergencies)
        )
        if person is not None and contacts > 1 and danger is None and (self._order.open or not old):
            candidates = [*batch.opened[person], *tickets.open_of_person(tx, person)]
            found = sameness.likely(
                candidates[: sameness.COMPARED], request.title, request.masked_text, request.received_at, True
            )
            same = sameness.surest(found, (each.number for each in found), batch.terms[0].join_likeness)
            if same is not None:
                self._join(batch, request, same, person, old)
                return
        if danger is not None:
            row = receive.ticket_row(request, batch.terms[0], number, person, Stage.TRANSFERRED)
            receive.open_matter(batch.ledger, number, batch.terms[0], request, IMPORTER, danger, batch.now)
        else:
            row = self._routed(batch, request, number, person, said, old)
        batch.ledger.ticket.append(row)
        contact = receive.request_row(self._desk, request, IMPORTER, number, person)
        batch.ledger.request.append({**contact, "joined": False, "stage": row["stage"]})
        batch.tickets += 1
        if person is not None and row["stage"] in lifecycle.OPEN_STAGES:
            batch.opened[person].insert(0, row)

    def _join(self, batch: _Batch, request: Request, same: Likely, person: int, old: bool) -> None:
        number, told = same.number, len(batch.ledger.outbox)
        contact = receive.request_row(self._desk, request, IMPORTER, number, person)
        batch.ledger.request.append({**contact, "joined": True, "stage": same.row["stage"]})
        because = {"same": same.as_data()}
        receive.join(batch.ledger, same.row, request, IMPORTER, batch.now, because)
        if old:
            del batch.ledger.outbox[told:]  # nobody is told today of what was said back then
            batch.urged.add(number)
        batch.joined += 1

    def _routed(
        self, batch: _Batch, request: Request, number: str, person: int | None, said: Any, old: bool
    ) -> dict[str, Any]:
        """The row of a ticket that triage has seen; its events, clocks and decision go into the ledger."""
        policy, ledger = batch.terms[0], batch.ledger
        at = request.received_at if old else batch.now.astimezone(CHINA)
        row = {**receive.ticket_row(request, policy, number, person, Stage.RECEIVED), "history": old}
        facts = _facts(request, number, old)
        judged = triage.judge(row, facts, said, policy, at)
        if old and not self._order.open:
            judged = _archived(judged, at)
        written, decided = len(ledger.event), len(ledger.decision)
        ledger.event.append(history.row(number, facts.happenings[0], IMPORTER.actor.name, at))
        row |= triage.write(ledger, judged, policy.hash, batch.terms, at).columns
        # What happened has its own time; that we wrote it down and decided it is of today.
        ledger.event[written:] = [{**each, "recorded_at": batch.now} for each in ledger.event[written:]]
        ledger.decision[decided:] = [{**each, "at": batch.now} for each in ledger.decision[decided:]]
        return row


def _key(request: Request) -> tuple[str, str]:
    return request.channel, request.external_id or ""


def _facts(request: Request, number: str, old: bool) -> Facts:
    data = {"stage": Stage.RECEIVED, "channel": request.channel}
    return Facts(
        number=number,
        stage=Stage.RECEIVED,
        type=request.type,
        urgency=request.urgency,
        channel=request.channel,
        received_at=request.received_at.astimezone(CHINA),
        history=old,
        happenings=(Happening(Happened.RECEIVED, request.received_at.astimezone(CHINA), data),),
    )


def _archived(judged: triage.Judged, at: datetime) -> triage.Judged:
    """The same judgement on a matter that is over: when it was closed, nobody knows."""
    gone = Happening(Happened.ARCHIVED, at, {"stage": Stage.ARCHIVED})
    outcome = replace(judged.outcome, happenings=(*judged.outcome.happenings, gone), changes={}, notices=())
    return replace(judged, outcome=outcome)


def _numbers(desk: Desk, policy: Policy, requests: Sequence[Request]) -> list[str]:
    """A number for each request, by its local day of receipt; those of rows that join stay unused."""
    days = Counter(each.received_at.astimezone(CHINA).date() for each in requests)
    moments = {each.received_at.astimezone(CHINA).date(): each.received_at for each in requests}
    held = {day: iter(desk.numbers.take(policy.area_code, moments[day], n)) for day, n in days.items()}
    return [next(held[each.received_at.astimezone(CHINA).date()]) for each in requests]


class _Rejects:
    """The rejects file: written beside its place and moved there whole; an old one of an earlier run goes."""

    def __init__(self, path: Path, header: Iterable[str]) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.part")
        self._header = ["line", "reason", *header]
        self._file: IO[str] | None = None

    def __enter__(self) -> "_Rejects":
        return self

    def write(self, line: int, reason: str, cells: Sequence[str]) -> None:
        """Add a row. The byte order mark lets table programs read Chinese."""
        if self._file is None:
            self._file = self._draft.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="")
            csv.writer(self._file).writerow(self._header)
        csv.writer(self._file).writerow([line, reason, *cells])

    def __exit__(self, kind: object, *_: object) -> None:
        if self._file is None:
            if kind is None and self._is_ours():
                self._path.unlink()
            return
        with self._file:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        if not self._path.is_file():
            return False
        with self._path.open("rb") as file:
            return file.readline().startswith(b"\xef\xbb\xbfline,reason,")


def rejects_path(file: Path, say: Callable[[str], None]) -> Path:
    """`FILE.rejects.csv` beside FILE.csv[.gz]; in the present folder where that one is read-only, and says so.

    Raises BadInput when neither can be written.
    """
    stem = file.name.removesuffix(".gz").removesuffix(".GZ")
    name = f"{stem.rpartition('.')[0] or stem}.rejects.csv"
    for folder in (file.parent, Path.cwd()):
        if _writable(folder):
            if folder != file.parent:
                say(f"{file.parent} 不能写，退回的行将写到 {folder / name}。")
            return folder / name
    raise BadInput(f"{file.parent} 和当前文件夹都不能写，退回的行无处可放。", "请换一个能写的文件夹再运行。")


def _writable(folder: Path) -> bool:
    """Tried, not asked: root may write to a folder whose mode says no, but not to a read-only disk."""
    probe = folder / f".hotline-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True
