"""Limits, ladder and counts of a pack (时限、督办阶梯、退单延期挂起回访), searched for overlaps and gaps."""

from collections.abc import Collection, Iterable, Sequence
from itertools import product
from typing import Any

from rules.pack_records import OCCASIONS, STEP_ACTIONS, LadderRow, LimitRow, Receiver
from rules.pack_sheets import Sheet
from rules.pack_source import Row
from rules.pack_tables import types_of, unique, urgencies_of
from rules.return_records import (
    AppealRule,
    CallbackRule,
    ContactRule,
    ExtensionRule,
    RectifyRule,
    ReturnRule,
    SuspensionReason,
)
from rules.terms import (
    TYPE_WORDS,
    URGENCY_WORDS,
    Budget,
    ClockKind,
    LadderStep,
    Role,
    TicketType,
    Unit,
    Urgency,
)

#: Clocks whose limit comes from limits.toml; `resume` ends on the review date that was asked for.
TIMED = tuple(kind for kind in ClockKind if kind is not ClockKind.RESUME)

#: Clocks that a pack may leave out: packs of running tickets were written before there were replies upward.
_OPTIONAL = (ClockKind.UPWARD,)
_TYPES = tuple(TicketType)
_URGENCIES = tuple(Urgency)
_Combination = tuple[ClockKind, TicketType, Urgency, str]
_LONGEST_PAUSE = 180  # days; 吕梁 2024: 长周期事项至多 180 日
_APPEAL = Budget(5, Unit.WORKDAYS)  # where a pack says nothing of appeals
_NO_BUDGET = Budget(1, Unit.WORKDAYS)  # stands in after a fault, never leaves the parser


def read_limits(sheet: Sheet, categories: Collection[str] | None = None) -> tuple[LimitRow, ...]:
    """limits.toml: the first row that fits counts; a row that never can and a gap are faults."""
    read = [(row, _limit(row, categories)) for row in sheet.rows("limit")]
    unique([(row, limit.id) for row, limit in read], "id")
    taken: set[_Combination] = set()
    for at, (row, limit) in enumerate(read):
        mine = set(_combinations(limit))
        if mine <= taken:
            above = [other for other, each in read[:at] if mine & set(_combinations(each))]
            row.never_reached("id", above, f"时限“{limit.id}”永远轮不到：前面的时限已覆盖它的全部情形")
        taken |= set() if limit.categories else mine
    if not sheet.broken:
        for clock in TIMED:
            if clock in _OPTIONAL and all(limit.clock is not clock for _, limit in read):
                continue
            _gap(sheet, clock, read, taken)
    return tuple(limit for _, limit in read)


def _limit(row: Row, categories: Collection[str] | None) -> LimitRow:
    clock = row.choice("clock", TIMED) or ClockKind.HANDLE
    occasion = row.choice("occasion", OCCASIONS, "")
    if occasion and OCCASIONS[occasion] != clock:
        row.fault(
            "occasion", f"occasion“{occasion}”只用于时钟 {OCCASIONS[occasion]}", "请改 occasion 或 clock"
        )
    exempt = row.flag("exempt")
    if exempt and (row.has("amount") or row.has("unit")):
        row.fault("exempt", "exempt 表示不设时限，不能再写 amount 和 unit", "请两样只留一样")
    named = row.texts("categories")
    row.refer("categories", named, categories, "catalogue.toml")
    if occasion != "legal" and named:
        row.fault("categories", "categories 只用于法定时限", '请写 occasion = "legal"，或删去 categories')
    if occasion == "legal" and exempt:
        row.fault("exempt", "法定时限必须写明多少", "请写 amount 和 unit")
    return LimitRow(
        id=row.code("id"),
        clock=ClockKind(clock),
        types=types_of(row),
        urgencies=urgencies_of(row),
        occasion=occasion,
        budget=None if exempt else row.budget(),
        clause=row.text("clause"),
        categories=named,
    )


def _combinations(limit: LimitRow) -> Iterable[_Combination]:
    for kind, urgency in product(limit.types or _TYPES, limit.urgencies or _URGENCIES):
        yield limit.clock, kind, urgency, limit.occasion


def _gap(
    sheet: Sheet, clock: ClockKind, read: Sequence[tuple[Row, LimitRow]], taken: Collection[_Combination]
) -> None:
    missing = [
        f"{TYPE_WORDS[kind]}（{URGENCY_WORDS[urgency]}）"
        for kind, urgency in product(_TYPES, _URGENCIES)
        if (clock, kind, urgency, "") not in taken
    ]
    if not missing:
        return
    shown = "、".join(missing[:3]) + (f"等 {len(missing)} 种情形" if len(missing) > 3 else "")
    place = next((row for row, limit in read if limit.clock == clock), None)
    sheet.lack(
        f"时钟 {clock} 没有写 {shown} 的时限", place, "请补一条 [[limit]]；确实不计时的写 exempt = true"
    )


def read_ladder(sheet: Sheet, receivers: Collection[str]) -> tuple[LadderRow, ...]:
    """The steps of ladder.toml; every clock needs a step at its deadline, whatever the urgency."""
    read = [(row, _rung(row, receivers)) for row in sheet.rows("step")]
    named: set[tuple[ClockKind, Urgency, str]] = set()
    ends: set[tuple[ClockKind, Urgency]] = set()
    for row, rung in read:
        mine = {(rung.clock, urgency, rung.step.step) for urgency in rung.urgencies or _URGENCIES}
        if mine & named:
            row.fault("step", f"时钟 {rung.clock} 的“{rung.step.step}”重复", "请换一个 step，或删去一条")
        named |= mine
        if rung.step.share == 1 and rung.step.action != "sign":
            ends |= {(clock, urgency) for clock, urgency, _ in mine}
    used = {rung.clock for _, rung in read}
    needed = [clock for clock in TIMED if clock not in _OPTIONAL or clock in used]
    for clock, urgency in product(needed, _URGENCIES):
        if not sheet.broken and (clock, urgency) not in ends:
            words = f"时钟 {clock}（{URGENCY_WORDS[urgency]}）缺少到期那一级（share = 1.0）"
            sheet.lack(words, mend="请补一条 share = 1.0 的 [[step]]")
    return tuple(rung for _, rung in read)


def _rung(row: Row, receivers: Collection[str]) -> LadderRow:
    action, level = row.choice("action", STEP_ACTIONS), row.whole("level", 0, 3, required=False)
    if (action == "supervise") != (level > 0):
        row.fault("level", "督办（supervise）要写 level 1 到 3，其他动作不写", "请改 action 或 level")
    named = row.texts("receivers", required=True)
    row.refer("receivers", named, receivers, "[[receiver]]")
    after = row.budget("after") if row.has("after") else None
    share = row.number("share", 0.01, 1, required=not row.has("after"))
    if row.has("share") and row.has("after"):
        row.fault("after", "share 和 after 只能写一个", "到期前用 share，到期后用 after")
    if action == "breach" and share is not None and share < 1:
        row.fault("share", "超期（breach）只能在 share = 1.0", '提前提醒请用 action = "warn"')
    clock = ClockKind(row.choice("clock", tuple(ClockKind)) or ClockKind.HANDLE)
    if action == "sign" and (clock is not ClockKind.SIGN or (share is not None and share < 1)):
        row.fault(
            "action",
            "自动签收（sign）只用于时钟 sign，且不早于签收期限",
            "请写 share = 1.0，或写 after；不要自动签收的，在 drop 里写 sign 时钟的这一级",
        )
    step = LadderStep(row.code("step"), action, level, named, share, after, row.text("clause"))
    return LadderRow(clock, urgencies_of(row), step)


def read_receivers(sheet: Sheet) -> dict[str, Receiver]:
    """The receivers of ladder.toml."""
    read: list[tuple[Row, Receiver]] = []
    for row in sheet.rows("receiver"):
        role = row.choice("role", tuple(Role)) or Role.MANAGER
        scope = row.choice("scope", ("department", "hotline"))
        read.append((row, Receiver(row.code(), row.text("name"), Role(role), scope)))
    unique([(row, receiver.code) for row, receiver in read])
    return {receiver.code: receiver for _, receiver in read}


def read_returns(sheet: Sheet) -> dict[str, Any]:
    """All of returns.toml, by the fields of the policy."""
    return {
        "returns": read_return(sheet),
        "appeals": read_appeal(sheet),
        "extensions": read_extension(sheet),
        "suspensions": read_suspensions(sheet),
        "callbacks": read_callback(sheet),
        "contacts": read_contact(sheet),
    }


def read_return(sheet: Sheet) -> ReturnRule:
    """The `[return]` table of returns.toml."""
    row = sheet.row("return")
    if row is None:
        return ReturnRule(_NO_BUDGET, 2, 3, "")
    head, confer = row.whole("head_from", 2, 99), row.whole("confer_from", 2, 99)
    if confer < head:
        row.fault(
            "confer_from", "confer_from 不能早于 head_from", "请把 confer_from 改大，或把 head_from 改小"
        )
    return ReturnRule(row.budget() or _NO_BUDGET, head, confer, row.text("clause"))


def read_extension(sheet: Sheet) -> ExtensionRule:
    """The `[extension]` table of returns.toml; times = 0 means that nobody may ask."""
    row = sheet.row("extension")
    if row is None:
        return ExtensionRule(0, _NO_BUDGET, True, "")
    times = row.whole("times", 0, 10)
    return ExtensionRule(times, row.budget() or _NO_BUDGET, row.flag("before_expiry"), row.text("clause"))


def read_appeal(sheet: Sheet) -> AppealRule:
    """The `[appeal]` table of returns.toml; packs of running tickets were written before there were appeals."""
    row = sheet.row("appeal", required=False)
    if row is None:
        return AppealRule(_APPEAL, "")
    return AppealRule(row.budget() or _APPEAL, row.text("clause"))


def read_suspensions(sheet: Sheet) -> tuple[SuspensionReason, ...]:
    """The `[[suspension]]` rows of returns.toml."""
    read = [
        (
            row,
            SuspensionReason(
                row.code(), row.text("name"), row.whole("max_days", 1, _LONGEST_PAUSE), row.text("clause")
            ),
        )
        for row in sheet.rows("suspension")
    ]
    unique([(row, reason.code) for row, reason in read])
    return tuple(reason for _, reason in read)


def read_contact(sheet: Sheet) -> ContactRule:
    """The `[contact]` table of returns.toml; packs of long ago have none."""
    row = sheet.row("contact", required=False)
    return ContactRule(row.whole("attempts", 1, 10), row.text("clause")) if row else ContactRule(3, "")


def read_rectification(sheet: Sheet) -> RectifyRule:
    """The `[rectification]` table of ladder.toml; packs of long ago have none."""
    row = sheet.row("rectification", required=False)
    if row is None:
        return RectifyRule(Budget(5, Unit.WORKDAYS), "待核实：规则包没有写整改期限，按五个工作日")
    return RectifyRule(row.budget() or _NO_BUDGET, row.text("clause"))


def read_callback(sheet: Sheet) -> CallbackRule:
    """The `[callback]` table of returns.toml."""
    row = sheet.row("callback")
    if row is None:
        return CallbackRule(1, 1, "")
    attempts, days = row.whole("attempts", 1, 10), row.whole("days", 1, 10)
    if days > attempts:
        row.fault("days", "days 不能多于 attempts：每天至少打一次才分得出天数", "请把 days 改小")
    return CallbackRule(attempts, days, row.text("clause"), row.text("answer_clause", ""))
