"""What counts and what it leads to (计次与升级), and when a contact is no request: read from ladder and acceptance."""

from collections.abc import Collection

from rules.lifecycle import STAGES
from rules.pack_records import (
    LEVEL_ACTIONS,
    LEVEL_TRIGGERS,
    CardRule,
    CountingRule,
    DigestRule,
    IncompleteRule,
    InvalidReason,
    Level,
)
from rules.pack_sheets import Sheet
from rules.pack_source import Row
from rules.pack_tables import types_of, unique
from rules.terms import CHANNEL_WORDS, ELEMENT_WORDS, Stage

#: By these names people undo what people did (`rules/pressure.py`); no level may be called so.
_TAKEN = frozenset({"link", "supervise", "raise", "transfer"})

_FINAL = tuple(stage.value for stage, row in STAGES.items() if row.final)
_LONGEST_WINDOW = 3650  # days
_NOON = 12 * 60


def read_levels(sheet: Sheet, receivers: Collection[str]) -> tuple[Level, ...]:
    """The `[[level]]` rows of ladder.toml; two of one trigger and count are a fault.

    So is a level named like a step of a clock or like what a person did: by that name it is undone, and nobody could
    tell which was meant.
    """
    read = [(row, _level(row, receivers)) for row in sheet.rows("level")]
    unique([(row, level.step) for row, level in read], "step")
    named = _TAKEN.union(str(row.cells.get("step", "")) for row in sheet.rows("step"))
    for row, level in read:
        if level.step and level.step in named:
            row.fault("step", f"step“{level.step}”已有别的意思，撤销时分不清", "请换一个 step")
    taken: set[tuple[str, int]] = set()
    for row, level in read:
        if (level.trigger, level.count) in taken:
            row.fault("count", f"{level.trigger} 第 {level.count} 次已有一级", "请改 count，或删去一条")
        taken.add((level.trigger, level.count))
    return tuple(level for _, level in read)


def _level(row: Row, receivers: Collection[str]) -> Level:
    named = row.texts("receivers", required=True)
    row.refer("receivers", named, receivers, "[[receiver]]")
    action = row.choice("action", LEVEL_ACTIONS)
    supervision = row.whole("supervision", 0, 3, required=False)
    if (action == "supervise") != (supervision > 0):
        row.fault(
            "supervision",
            "督办（supervise）要写 supervision 1 到 3，其他动作不写",
            "请改 action 或 supervision",
        )
    return Level(
        step=row.code("step"),
        trigger=row.choice("trigger", LEVEL_TRIGGERS),
        count=row.whole("count", 2, 99),
        action=action,
        supervision=supervision,
        receivers=named,
        clause=row.text("clause"),
    )


def read_counting(sheet: Sheet) -> CountingRule:
    """The `[counting]` table of ladder.toml."""
    row = sheet.row("counting")
    if row is None:
        return CountingRule(180, 1, (Stage.CLOSED,), "")
    after = row.choices("after", _FINAL)
    if not after:
        row.fault("after", "after 不能为空：至少写办结（closed）", '请写成 after = ["closed"]')
    return CountingRule(
        window_days=row.whole("window_days", 1, _LONGEST_WINDOW),
        apart=row.whole("apart", 0, 60),
        after=tuple(Stage(each) for each in after),
        clause=row.text("clause"),
    )


def read_digest(sheet: Sheet, receivers: Collection[str]) -> DigestRule:
    """The `[digest]` table of ladder.toml; without it everything is told at once."""
    row = sheet.row("digest", required=False)
    if row is None:
        return DigestRule((), _NOON, 1, "")
    named = row.texts("receivers", required=True)
    row.refer("receivers", named, receivers, "[[receiver]]")
    found = row.spans("at")
    if len(found) != 1:
        row.fault("at", 'at 应写一段时间，如 at = ["08:30-09:00"]，从开头那一刻起发')
    minute = found[0][0] if found else _NOON
    return DigestRule(named, minute, row.whole("mass", 2, 1000), row.text("clause"))


def read_invalid(sheet: Sheet) -> tuple[InvalidReason, ...]:
    """The `[[invalid]]` rows of acceptance.toml."""
    read = [
        (
            row,
            InvalidReason(
                row.code(), row.text("name"), row.whole("attempts", 0, 10, required=False), row.text("clause")
            ),
        )
        for row in sheet.rows("invalid")
    ]
    unique([(row, reason.code) for row, reason in read])
    return tuple(reason for _, reason in read)


def read_incomplete(sheet: Sheet) -> tuple[IncompleteRule, ...]:
    """The `[[incomplete]]` rows of acceptance.toml; the first that fits asks."""
    read = [(row, _incomplete(row)) for row in sheet.rows("incomplete")]
    unique([(row, rule.code) for row, rule in read])
    return tuple(rule for _, rule in read)


def read_card(sheet: Sheet) -> CardRule:
    """The `[event_card]` table of acceptance.toml; without it a card answers words of any length."""
    row = sheet.row("event_card", required=False)
    if row is None:
        return CardRule(None, "")
    return CardRule(row.whole("longest", 1, 5000), row.text("clause"))


def _incomplete(row: Row) -> IncompleteRule:
    missing = row.choices("missing", ELEMENT_WORDS)
    if not missing:
        row.fault("missing", "missing 不能为空", f"可以写：{'、'.join(ELEMENT_WORDS)}")
    return IncompleteRule(
        code=row.code(),
        types=types_of(row),
        channels=row.choices("channels", CHANNEL_WORDS),
        missing=missing,
        longest=row.whole("longest", 1, 5000),
        clause=row.text("clause"),
    )
