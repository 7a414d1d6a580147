"""The counts once more, by plain SQL over tickets, events, dispatches and clocks (重新清点).

Written for the tests, apart from `reports/tally.py`: it knows the definitions of `rules/measures.py` and the tables of
contract.md, and none of the code that counts. `differences` is empty where both agree.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import text

from dispatch.desk import Desk

Place = tuple[str, str, str, str]  # day, dimension, key, measure

_OPEN_AT_DEPARTMENT = "'to_sign','returned','conferring','handling','suspended','reviewing'"
_OPEN_AT_HOTLINE = "'received','incomplete','to_dispatch','to_call_back'"


class _Sql:
    """The same questions in the two dialects."""

    def __init__(self, sqlite: bool) -> None:
        self.sqlite = sqlite

    def day(self, at: str) -> str:
        return f"date({at}, '+8 hours')" if self.sqlite else f"date({at} AT TIME ZONE 'Asia/Shanghai')"

    def data(self, name: str, event: str = "e") -> str:
        return f"json_extract({event}.data, '$.{name}')" if self.sqlite else f"({event}.data->>'{name}')"

    def true(self, name: str, event: str = "e") -> str:
        return f"{self.data(name, event)} = 1" if self.sqlite else f"{self.data(name, event)} = 'true'"

    def accepted(self, number: str, event: str = "e") -> str:
        """That `event` accepts an appeal against the event of that number."""
        named = f"CAST({self.data('event', event)} AS BIGINT) = {number}"
        return f"{event}.kind = 'appeal_settled' AND {self.true('accepted', event)} AND {named}"

    # --- which dispatch held the ticket -----------------------------------------------------------------------

    def holder(self, ticket: str, at: str) -> str:
        """The lead that held the ticket at that instant; NULL where nobody did."""
        return (
            f"(SELECT CASE WHEN h.ended_at IS NULL OR h.ended_at > {at} THEN h.department END FROM assignment h "
            f"WHERE h.ticket = {ticket} AND h.part = 'lead' AND h.at <= {at} ORDER BY h.at DESC, h.id DESC LIMIT 1)"
        )


def _tickets(s: _Sql) -> Iterator[tuple[str, str]]:
    t = (
        f"SELECT {s.day('t.received_at')}, coalesce(t.department, ''), t.number, 1 FROM ticket t "
        "WHERE t.split_from IS NULL"
    )
    yield (
        "split_off",
        (
            f"SELECT {s.day('e.at')}, coalesce(t.department, ''), t.number, 1 FROM ticket t "
            "JOIN event e ON e.ticket = t.number AND e.kind = 'received' WHERE t.split_from IS NOT NULL"
        ),
    )
    sent = "EXISTS (SELECT 1 FROM assignment a WHERE a.ticket = t.number AND a.part = 'lead')"
    ends = "t.stage NOT IN ('answered','refused','transferred','invalid')"
    yield "received", t
    yield "valid", f"{t} AND t.stage <> 'invalid'"
    for measure, stage in (
        ("direct", "answered"), ("refused", "refused"), ("transferred", "transferred"), ("invalid", "invalid"),
        ("merged", "merged"),
    ):  # fmt: skip
        yield measure, f"{t} AND t.stage = '{stage}'"
    yield "dispatched", f"{t} AND {ends} AND {sent}"
    yield "waiting", f"{t} AND {ends} AND NOT {sent}"
    yield "repeated", f"{t} AND t.earlier IS NOT NULL"
    over = (
        f"SELECT {s.day('t.closed_at')}, coalesce(t.department, ''), t.number, 1 FROM ticket t "
        "WHERE t.stage IN ('closed','archived','ended') AND t.closed_at IS NOT NULL"
    )
    yield "closed", over
    yield (
        "no_reply",
        (
            f"{over} AND NOT t.history AND NOT EXISTS (SELECT 1 FROM event e WHERE e.ticket = t.number "
            "AND e.kind IN ('replied','answered','refused','ended'))"
        ),
    )
    yield (
        "contacts",
        (
            f"SELECT {s.day('r.received_at')}, coalesce(t.department, ''), t.number, 1 "
            "FROM request r JOIN ticket t ON t.number = r.ticket WHERE t.split_from IS NULL OR r.joined"
        ),
    )


def _legs(s: _Sql) -> Iterator[tuple[str, str]]:
    a = (
        f"SELECT {s.day('a.at')}, a.department, a.ticket, 1 FROM assignment a JOIN ticket t ON t.number = a.ticket "
        "WHERE t.stage <> 'merged'"
    )
    lead = f"{a} AND a.part = 'lead'"
    first = "NOT EXISTS (SELECT 1 FROM assignment b WHERE b.ticket = a.ticket AND b.part = 'lead' AND b.id < a.id)"
    while_held = "e.ticket = a.ticket AND e.at >= a.at AND (a.ended_at IS NULL OR e.at < a.ended_at)"
    elsewhere = (
        "EXISTS (SELECT 1 FROM assignment b WHERE b.ticket = a.ticket AND b.part = 'lead' AND b.id > a.id "
        "AND b.department <> a.department)"
    )
    yield "assigned", lead
    yield "assisted", f"{a} AND a.part = 'assist'"
    yield "first_assigned", f"{lead} AND {first}"
    yield "first_right", f"{lead} AND {first} AND coalesce(a.result, '') <> 'returned' AND NOT {elsewhere}"
    yield "returned_accepted", f"{lead} AND a.result = 'returned'"
    yield "reassigned", f"{lead} AND a.result = 'reassigned'"
    yield "returned", f"{lead} AND EXISTS (SELECT 1 FROM event e WHERE {while_held} AND e.kind = 'returned')"
    for measure, how in (
        ("signed", "1 = 1"),
        ("signed_by_hand", f"{s.data('automatic')} IS NULL"),
        ("signed_automatic", s.true("automatic")),
    ):
        signed = f"e.kind = 'signed' AND {how}"
        yield measure, f"{lead} AND EXISTS (SELECT 1 FROM event e WHERE {while_held} AND {signed})"
    yield (
        "extended",
        (
            f"{lead} AND EXISTS (SELECT 1 FROM event e WHERE {while_held} AND e.kind = 'extension_settled' "
            f"AND {s.true('accepted')})"
        ),
    )


def _over(s: _Sql, *resting: str) -> str:
    """Called off when it was missed already; what had rested by then ran until it came to rest."""
    renewed = (
        "EXISTS (SELECT 1 FROM clock d WHERE d.ticket = c.ticket AND d.kind = c.kind AND d.scope = c.scope AND d.id > c.id "
        "AND d.started_at = c.started_at)"
    )
    at_rest = ", ".join(f"'{each}'" for each in resting)
    rested = (
        f"(SELECT b.at FROM event e JOIN event b ON b.id = (SELECT max(m.id) FROM event m WHERE m.ticket = e.ticket "
        f"AND m.id < e.id AND {s.data('stage', 'm')} IS NOT NULL) WHERE e.ticket = c.ticket "
        f"AND e.at = c.stopped_at AND {s.data('stage')} IS NOT NULL AND {s.data('stage', 'b')} IN ({at_rest}) "
        "ORDER BY e.id LIMIT 1)"
    )
    return f"(NOT {renewed} AND coalesce({rested}, c.stopped_at) > c.due_at)"


def _limits(s: _Sql) -> Iterator[tuple[str, str]]:
    newest = "(SELECT max(e.at) FROM event e WHERE e.ticket = c.ticket AND e.kind = '{}')"
    replied, suspended = newest.format("replied"), newest.format("suspended")
    paused = f"(c.state = 'paused' AND c.due_at <= {suspended})"
    held = f"(c.state = 'held' AND {replied} > c.due_at)"
    by_caller = (
        "EXISTS (SELECT 1 FROM event e WHERE e.ticket = c.ticket AND e.at = c.stopped_at "
        "AND e.kind IN ('withdrawn', 'merged'))"
    )

    hotline, begun = "''", f"coalesce({s.holder('c.ticket', 'c.started_at')}, '')"
    whole, lead = "c.scope = 'ticket'", f"c.scope = {s.holder('c.ticket', 'c.started_at')}"
    for kind, department, rests, due, on_time in (
        ("dispatch", hotline, ("reviewing",), "dispatch_due", "dispatched_on_time"),
        ("sign", begun, ("reviewing",), "sign_due", "signed_on_time"),
        ("first_contact", begun, ("reviewing",), "contact_due", "responded"),
        ("handle", "c.scope", ("reviewing", "suspended"), "due", "on_time"),
    ):
        by_itself = (
            "EXISTS (SELECT 1 FROM event e WHERE e.ticket = c.ticket AND e.at = c.stopped_at "
            f"AND e.kind = 'signed' AND {s.true('automatic')})"
        )
        off = f"c.state = 'met' AND {by_caller}" if kind in ("dispatch", "sign") else "c.state IS NULL"
        cancelled = f"((c.state = 'cancelled' OR ({off})) AND {_over(s, *rests)})"
        if kind == "sign":
            cancelled = f"({cancelled} OR (c.state = 'cancelled' AND {by_itself}))"
        met = f"c.state = 'met' AND NOT ({off})"
        kept = f"{met} AND c.stopped_at <= c.due_at"
        base = f"c.state = 'armed' OR ({met} AND c.stopped_at > c.due_at)"
        rows = (
            f"SELECT {s.day('c.due_at')}, {department}, c.ticket, 1 FROM clock c JOIN ticket t ON t.number = c.ticket "
            f"WHERE t.stage <> 'merged' AND c.kind = '{kind}' AND {lead if kind == 'handle' else whole} AND c.due_at IS NOT NULL"
        )
        missed = f"({base} OR {paused} OR {held} OR {cancelled})"
        excused = (
            "EXISTS (SELECT 1 FROM event b JOIN clock k ON k.id = b.clock JOIN event e ON e.ticket = b.ticket "
            "WHERE b.ticket = c.ticket AND k.kind = c.kind AND k.due_at = c.due_at "
            f"AND b.kind IN ('breached', 'duty_called') AND {s.accepted('b.id')})"
        )
        late = f"({missed} AND NOT {excused})"
        yield due, f"{rows} AND (({kept}) OR {late})"
        yield on_time, f"{rows} AND {kept}"
        if kind != "dispatch":
            yield "excused", f"{rows} AND {missed} AND {excused}"
        if kind == "handle":
            yield "late", f"{rows} AND {late}"
            yield "in_review", f"{rows} AND c.state = 'held' AND {replied} <= c.due_at"


def _answers(s: _Sql) -> Iterator[tuple[str, str]]:
    approves = f"e.kind = 'reviewed' AND {s.data('stage')} = 'to_call_back'"
    d_approves = approves.replace("e.", "d.")
    until = (
        f"x.ticket = e.ticket AND x.id > e.id AND NOT EXISTS (SELECT 1 FROM event d WHERE d.ticket = e.ticket "
        f"AND {d_approves} AND d.id > e.id AND d.id < x.id)"
    )
    done = (
        f"SELECT {s.day('e.at')}, coalesce({s.holder('e.ticket', 'e.at')}, ''), e.ticket, 1 "
        f"FROM event e JOIN ticket t ON t.number = e.ticket WHERE t.stage <> 'merged' AND {approves}"
    )
    yield "done", done
    yield "redone", f"{done} AND EXISTS (SELECT 1 FROM event x WHERE {until} AND x.kind = 'redone')"
    yield "called_back", f"{done} AND EXISTS (SELECT 1 FROM event x WHERE {until} AND x.kind = 'called_back')"
    whose = f"coalesce({s.data('department')}, {s.holder('e.ticket', 'e.at')}, t.department, '')"
    said = (
        f"SELECT {s.day('e.at')}, {whose}, e.ticket, 1 FROM event e JOIN ticket t ON t.number = e.ticket "
        f"WHERE e.kind = 'called_back' AND {s.true('reached')}"
    )
    since = (
        f"x.ticket = e.ticket AND x.id < e.id AND NOT EXISTS (SELECT 1 FROM event d WHERE d.ticket = e.ticket "
        f"AND {d_approves} AND d.id > x.id AND d.id < e.id)"
    )
    answered = (
        f"EXISTS (SELECT 1 FROM event x WHERE {since} AND ((x.kind = 'called_back' AND {s.true('reached', 'x')}) "
        "OR x.kind = 'closed'))"
    )
    silent = (
        f"SELECT {s.day('e.at')}, {whose}, e.ticket, 1 FROM event e JOIN ticket t ON t.number = e.ticket "
        f"WHERE e.kind = 'closed' AND NOT {answered} AND EXISTS (SELECT 1 FROM event d WHERE d.ticket = e.ticket "
        f"AND {d_approves} AND d.id < e.id)"
    )
    unrated = f"{said} AND {s.data('satisfied')} IS NULL"
    yield "reached", said
    yield "concluded", f"{said} UNION ALL {silent}"
    yield "unrated", f"{unrated} UNION ALL {silent}"
    excused = f"EXISTS (SELECT 1 FROM event a WHERE a.ticket = e.ticket AND {s.accepted('e.id', 'a')})"
    yield "excused_answers", f"{said} AND {excused}"
    said = f"{said} AND NOT {excused}"
    for name in ("solved", "satisfied"):
        yield f"{name}_known", f"{said} AND {s.data(name)} IS NOT NULL"
        yield name, f"{said} AND {s.true(name)}"


def _pressure(s: _Sql) -> Iterator[tuple[str, str]]:
    rows = (
        f"SELECT {s.day('e.at')}, coalesce({s.holder('e.ticket', 'e.at')}, ''), e.ticket, 1 "
        "FROM event e WHERE e.kind = '{}'"
    )
    yield "urged", f"{rows.format('urged')} UNION ALL {rows.format('joined')}"
    for kind, word in (("supervised", "supervise"), ("raised", "raise")):
        # The newest that is still in force is taken back: between it and its undoing, as many are undone as came.
        undone = f"u.ticket = e.ticket AND u.kind = 'undone' AND {s.data('step', 'u')} = coalesce(e.step, '{word}')"
        between = "{0}.ticket = e.ticket AND {0}.id > e.id AND {0}.id < u.id"
        came = (
            f"(SELECT count(*) FROM event p WHERE {between.format('p')} AND p.kind = '{kind}' "
            f"AND coalesce(p.step, '{word}') = coalesce(e.step, '{word}'))"
        )
        went = (
            f"(SELECT count(*) FROM event v WHERE {between.format('v')} AND v.kind = 'undone' "
            f"AND {s.data('step', 'v')} = coalesce(e.step, '{word}'))"
        )
        taken_back = f"EXISTS (SELECT 1 FROM event u WHERE {undone} AND u.id > e.id AND {came} = {went})"
        yield kind, f"{rows.format(kind)} AND NOT {taken_back}"


def _ratings(s: _Sql) -> Iterator[tuple[str, str]]:
    later = (
        "EXISTS (SELECT 1 FROM event n WHERE n.ticket = e.ticket AND n.kind = 'rated' AND n.id > e.id "
        f"AND {s.data('about', 'n')} = {s.data('about')})"
    )
    rated = (
        f"SELECT {s.day('e.at')}, coalesce({s.data('department')}, ''), e.ticket, 1 FROM event e "
        f"WHERE e.kind = 'rated' AND NOT {later}"
    )
    yield "rated", rated
    yield "rated_well", f"{rated} AND CAST({s.data('stars')} AS INTEGER) >= 3"


_DIMENSIONS = ("category", "area", "channel", "type")


def recounted(desk: Desk) -> dict[Place, int]:
    """Every measure by day and key of every dimension, counted by SQL alone; `open` has the day ''."""
    s = _Sql(desk.database.is_sqlite)
    found: defaultdict[Place, int] = defaultdict(int)
    words = ", ".join(f"coalesce(k.{name}, '')" for name in _DIMENSIONS)
    with desk.database.reading() as tx:
        run = tx.connection().execute
        for several in (_tickets, _legs, _limits, _answers, _pressure, _ratings):
            for measure, query in several(s):
                each = f"SELECT q.*, {words} FROM ({_columns(query)}) q JOIN ticket k ON k.number = q.ticket"
                for day, department, _, n, *keys in run(text(each)):
                    for dimension, key in (
                        ("all", ""),
                        ("department", department),
                        *zip(_DIMENSIONS, keys, strict=True),
                    ):
                        found[str(day), dimension, key, measure] += n
        held = (
            f"SELECT CASE WHEN t.stage IN ({_OPEN_AT_DEPARTMENT}) THEN coalesce((SELECT a.department FROM assignment a "
            "WHERE a.ticket = t.number AND a.part = 'lead' AND a.ended_at IS NULL ORDER BY a.id DESC LIMIT 1), '') "
            f"ELSE '' END, count(*) FROM ticket t WHERE t.stage IN ({_OPEN_AT_DEPARTMENT}, {_OPEN_AT_HOTLINE}) "
            "GROUP BY 1"
        )
        for department, n in run(text(held)):
            found["", "department", department, "open"] += n
            found["", "all", "", "open"] += n
    return {place: n for place, n in found.items() if n}


def _columns(query: str) -> str:
    """The four columns by name, whatever they are made of."""
    return f"WITH y(day, department, ticket, n) AS ({query}) SELECT * FROM y"


def stored(desk: Desk) -> dict[Place, int]:
    """What the daily sums say of the same places."""
    found: dict[Place, int] = {}
    open_now: defaultdict[tuple[str, str], int] = defaultdict(int)
    with desk.database.reading() as tx:
        for row in tx.connection().execute(text("SELECT * FROM daily_count")).mappings():
            day, dimension, key = row["day"], row["dimension"], row["key"]
            open_now[dimension, key] += row["open_change"]
            for measure, n in row.items():
                if measure not in ("day", "dimension", "key", "open_change") and n:
                    found[_iso(day), dimension, key, measure] = n
    for (dimension, key), n in open_now.items():
        if dimension in ("all", "department") and n:
            found["", dimension, key, "open"] = n
    return found


def _iso(day: date | str) -> str:
    return day if isinstance(day, str) else day.isoformat()


def differences(desk: Desk) -> list[str]:
    """Each place where the daily sums and the recount differ, as a line to read."""
    ours, theirs = stored(desk), recounted(desk)
    return [
        f"{' '.join(place)}: counted {ours.get(place, 0)}, recounted {theirs.get(place, 0)}"
        for place in sorted(ours.keys() | theirs.keys())
        if ours.get(place, 0) != theirs.get(place, 0)
    ]
