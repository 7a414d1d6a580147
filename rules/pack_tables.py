"""The files of a pack, one reader each (规则包各表): rows in, records out, broken references are faults."""

import re
from collections.abc import Collection, Mapping, Sequence

from rules.accept import EmergencyRule, Reach, RefusalRule, Silence
from rules.errors import PackFault
from rules.pack_records import (
    AREA_LEVELS,
    CHOICES,
    DEPARTMENT_KINDS,
    Area,
    Category,
    Channel,
    Department,
    Settings,
    Spans,
    plain,
)
from rules.pack_sheets import Sheet
from rules.pack_source import CODE, Row
from rules.terms import CHANNEL_WORDS, TicketType, Urgency
from rules.worktime import AfterHours, Window

_AFTER_HOURS: Mapping[str, AfterHours] = {"as_is": "as_is", "next_workday": "next_workday"}
#: What each pack says of itself and never takes from another.
_OWN = ("name", "title", "region", "area_code", "extends", "abstract")
_HANDLE_STARTS = ("dispatched", "received", "signed")
#: A shared word list named in an entry.
_LISTED = re.compile(r"@([A-Za-z0-9_]*)")
Known = Collection[str] | None


def unique(rows: Sequence[tuple[Row, str]], key: str = "code") -> None:
    """No two rows of a table may share a code."""
    first: dict[str, int] = {}
    for row, code in rows:
        if code and first.setdefault(code, row.index) != row.index:
            row.fault(key, f"{key}“{code}”重复，第 {first[code] + 1} 条已用", f"请换一个 {key}，或删去一条")


def climbs(rows: Sequence[tuple[Row, str, str | None]]) -> None:
    """Every parent must be a row of the same table, and nobody may stand above itself."""
    parents = {code: parent for _, code, parent in rows}
    for row, code, parent in rows:
        if parent is None:
            continue
        row.refer("parent", (parent,), parents, "本表")
        above, passed = parent, 0
        while above in parents and above != code and passed <= len(parents):
            above, passed = parents[above] or "", passed + 1
        if above == code:
            row.fault("parent", f"“{code}”的上级绕了一圈又回到自己", "请改写其中一条的 parent")


def types_of(row: Row) -> tuple[TicketType, ...]:
    """The cell `types`; empty = all."""
    return tuple(TicketType(word) for word in row.choices("types", tuple(TicketType)))


def urgencies_of(row: Row) -> tuple[Urgency, ...]:
    """The cell `urgencies`; empty = all."""
    return tuple(Urgency(word) for word in row.choices("urgencies", tuple(Urgency)))


def _optional(row: Row, key: str) -> str | None:
    return row.text(key) if row.has(key) else None


def _windows(spans: Spans) -> tuple[Window, ...]:
    return tuple(Window(start, end) for start, end in spans)


def read_settings(sheet: Sheet) -> Settings:
    """pack.toml."""
    if sheet.broken:
        return Settings("", "", "", "", 1.0, 1.0, (), "as_is", "dispatched", None, False)
    row = sheet.laid("", own=_OWN)
    abstract = row.flag("abstract")
    area_code = row.text("area_code", "" if abstract else None)
    if area_code and not (area_code.isascii() and area_code.isdigit() and len(area_code) == 6):
        row.fault("area_code", f"area_code“{area_code}”应是 6 位数字的行政区划代码")
    windows = row.spans("windows")
    if not windows and not row.cells.get("windows"):
        row.fault("windows", "windows 至少要有一段办公时间", '例如 windows = ["09:00-12:00", "13:30-17:30"]')
    _sourced(row, sheet.laid("clauses"))
    return Settings(
        name=row.text("name"),
        title=row.text("title"),
        region=row.text("region"),
        area_code=area_code,
        gate=row.number("gate", 0.5, 1) or 1.0,
        join_likeness=row.number("join_likeness", 0.5, 1) or 1.0,
        windows=_windows(windows),
        after_hours=_AFTER_HOURS.get(row.choice("after_hours", _AFTER_HOURS), "as_is"),
        handle_starts=row.choice("handle_starts", _HANDLE_STARTS),
        extends=_optional(row, "extends"),
        abstract=abstract,
    )


def _sourced(row: Row, clauses: Row) -> None:
    """`[clauses]` says where each choice comes from; a choice changed below must not go by the source above."""
    for key in CHOICES:
        told = clauses.text(key, "")
        if told and key in row.cells and row.home(key) is not clauses.home(key):
            words = f"{key} 改了，clauses 里的出处还是 {clauses.place(key)} 那一条"
            row.fault(key, words, f"请在 [clauses] 里写上 {key} 的出处")


def read_areas(sheet: Sheet) -> dict[str, Area]:
    """areas.toml: places, each below the one that holds it."""
    read: list[tuple[Row, Area]] = []
    for row in sheet.rows("area"):
        level = row.whole("level", AREA_LEVELS[0], AREA_LEVELS[-1])
        read.append(
            (row, Area(row.code(), row.text("name"), level, _optional(row, "parent"), row.texts("aliases")))
        )
    unique([(row, area.code) for row, area in read])
    climbs([(row, area.code, area.parent) for row, area in read])
    areas = {area.code: area for _, area in read}
    for row, area in read:
        above = areas.get(area.parent or "")
        if above is not None and above.level >= area.level:
            row.fault("level", f"“{area.name}”的层级应低于上级“{above.name}”", "请改 level 或 parent")
        if area.parent is None and area.level != AREA_LEVELS[0]:
            row.fault("parent", f"缺少 parent：“{area.name}”不是最高一级", "请写上一级的 code")
    return areas


def read_departments(sheet: Sheet, areas: Known) -> dict[str, Department]:
    """departments.toml: codes, names and aliases must tell departments apart."""
    read: list[tuple[Row, Department]] = []
    for row in sheet.rows("department"):
        department = Department(
            code=row.code(),
            name=row.text("name"),
            kind=row.choice("kind", DEPARTMENT_KINDS),
            parent=_optional(row, "parent"),
            leader_title=row.text("leader_title"),
            liaison_title=row.text("liaison_title"),
            aliases=row.texts("aliases"),
            area=_optional(row, "area"),
            hours=_windows(row.spans("hours")),
            succeeds=row.texts("succeeds"),
        )
        row.refer("area", (department.area or "",), areas, "areas.toml")
        if department.kind == "township" and department.area is None:
            row.fault("area", f"缺少 area：“{department.name}”要写明管辖区域", "请写 areas.toml 里的 code")
        read.append((row, department))
    if not read and not sheet.broken:
        sheet.lack("至少要有一个承办单位", mend="请写 [[department]]")
    unique([(row, each.code) for row, each in read])
    climbs([(row, each.code, each.parent) for row, each in read])
    _told_apart(read)
    _succeeded(read)
    return {each.code: each for _, each in read}


def _told_apart(read: Sequence[tuple[Row, Department]]) -> None:
    owners: dict[str, str] = {}
    for row, department in read:
        for key, word in (("name", department.name), *(("aliases", alias) for alias in department.aliases)):
            owner = owners.setdefault(plain(word), department.code)
            if word and owner != department.code:
                words = f"“{word}”已是“{owner}”的名称或别名，系统分不清是哪个单位"
                row.fault(key, words, "请只留在一个单位名下")
    for row, department in read:
        if owners.get(plain(department.code), department.code) != department.code:
            row.fault("code", f"code“{department.code}”与别的单位的名称或别名相同", "请换一个 code")


def _succeeded(read: Sequence[tuple[Row, Department]]) -> None:
    """A former department (机构合并) must be gone, taken over once, and go by a word that means nobody else."""
    present = {department.code for _, department in read}
    words = {plain(each): it.code for _, it in read for each in (it.name, *it.aliases)}
    taken: dict[str, str] = {}
    for row, department in read:
        for code in department.succeeds:
            taker, other = taken.setdefault(code, department.code), words.get(plain(code), department.code)
            if not CODE.fullmatch(code):
                row.fault("succeeds", f"succeeds 的“{code}”只能用英文字母、数字和下划线", "请写原单位的 code")
            elif code in present:
                said = f"“{code}”还是现有的承办单位，不能写成已并入“{department.code}”"
                row.fault("succeeds", said, "请删去原单位那一条（继承来的写进 drop），或从 succeeds 里去掉")
            elif taker != department.code:
                said = f"“{code}”已由“{taker}”接续，不能再并入“{department.code}”"
                row.fault("succeeds", said, "请只留在一个单位名下")
            elif other != department.code:
                said = f"succeeds 的“{code}”与“{other}”的名称或别名相同，系统分不清是哪个单位"
                row.fault("succeeds", said, "请改掉那个别名")


def read_categories(sheet: Sheet, departments: Known) -> dict[str, Category]:
    """catalogue.toml: what requests are about, and who answers for it by its duties."""
    read: list[tuple[Row, Category]] = []
    for row in sheet.rows("category"):
        category = Category(
            code=row.code(),
            name=row.text("name"),
            parent=_optional(row, "parent"),
            duties=row.text("duties", ""),
            phrases=row.texts("phrases"),
            department=_optional(row, "department"),
        )
        row.refer("department", (category.department or "",), departments, "departments.toml")
        read.append((row, category))
    unique([(row, each.code) for row, each in read])
    climbs([(row, each.code, each.parent) for row, each in read])
    return {each.code: each for _, each in read}


def read_channels(sheet: Sheet) -> dict[str, Channel]:
    """channels.toml: codes of the contract; one word must mean one channel."""
    read: list[tuple[Row, Channel]] = []
    owners: dict[str, str] = {}
    for row in sheet.rows("channel"):
        channel = Channel(row.choice("code", CHANNEL_WORDS), row.text("name"), row.texts("words"))
        read.append((row, channel))
        for word in {channel.name, *channel.words}:
            if word and owners.setdefault(plain(word), channel.code) != channel.code:
                words = f"“{word}”已是渠道“{owners[plain(word)]}”的叫法"
                row.fault("words", words, "请只留在一个渠道名下")
    unique([(row, channel.code) for row, channel in read])
    return {channel.code: channel for _, channel in read}


def read_emergencies(sheet: Sheet) -> tuple[EmergencyRule, ...]:
    """The `[[emergency]]` rows of acceptance.toml; `id` is needed only where a pack below is to replace one."""
    lists = _read_lists(sheet)
    read = [(row, _emergency(row, lists)) for row in sheet.rows("emergency")]
    unique([(row, row.code("id")) for row, _ in read if row.has("id")], "id")
    return tuple(rule for _, rule in read if rule is not None)


def _emergency(row: Row, lists: Mapping[str, Silence]) -> EmergencyRule | None:
    line, clause = row.choice("line", ("110", "119", "120", "122")), row.text("clause")
    words = _entries(row, "words", row.texts("words", required=True), lists)
    unless, silences = _silencing(row, lists)
    try:
        return EmergencyRule(line, words, unless, clause, silences)
    except PackFault as fault:
        _wordless(row, fault)
        return None


def _wordless(row: Row, fault: PackFault) -> None:
    """What the word table says of itself, at its line; a missing one was told already."""
    if row.cells.get("words"):
        row.fault("words", fault.detail.rstrip("。"), "写法见 docs/packs.md 的“词表”一节")


def read_refusals(sheet: Sheet) -> tuple[RefusalRule, ...]:
    """The `[[refusal]]` rows of acceptance.toml."""
    lists = _read_lists(sheet)
    read = [(row, _refusal(row, lists)) for row in sheet.rows("refusal")]
    unique([(row, str(row.cells.get("code", ""))) for row, _ in read])
    return tuple(rule for _, rule in read if rule is not None)


def _refusal(row: Row, lists: Mapping[str, Silence]) -> RefusalRule | None:
    cells = (row.code(), row.text("name"), row.text("legal_path"))
    words = _entries(row, "words", row.texts("words", required=True), lists)
    unless, silences = _silencing(row, lists)
    try:
        return RefusalRule(*cells, words, row.text("clause"), unless, silences)
    except PackFault as fault:
        _wordless(row, fault)
        return None


def _read_lists(sheet: Sheet) -> Mapping[str, Silence]:
    """The `[[word_list]]` rows, by code: words that several rows share, written there as `@code`."""
    rows = [(row, row.code()) for row in sheet.rows("word_list")]
    unique(rows)
    lists: dict[str, Silence] = {}
    for row, code in rows:
        row.text("clause")
        reach = row.choice("reach", tuple(Reach), Reach.SENTENCE)
        words, until = row.texts("words", required=True), row.texts("until")
        if any("@" in word for word in words + until):
            row.fault("words", "词组里不能再写“@”", "请把那一组的词直接写在这里")
        try:
            lists[code] = Silence(words, Reach(reach), until)
        except PackFault as fault:
            _wordless(row, fault)
    return lists


def _entries(row: Row, key: str, entries: Sequence[str], lists: Mapping[str, Silence]) -> tuple[str, ...]:
    """The entries of a cell with each `@code` in them put into words."""
    return tuple(_LISTED.sub(lambda named: _spelled(row, key, named[1], lists), entry) for entry in entries)


def _spelled(row: Row, key: str, code: str, lists: Mapping[str, Silence]) -> str:
    row.refer(key, (code or "@",), lists, "[[word_list]]")
    words = lists[code].words if code in lists else (code,)
    if any(mark in word for word in words for mark in "+~"):
        row.fault(key, f"词组“{code}”里有“+”或“~”，不能当作一段词来用", "请只在 unless 里单独写它")
    return "|".join(words)


def _silencing(row: Row, lists: Mapping[str, Silence]) -> tuple[tuple[str, ...], tuple[Silence, ...]]:
    """The cell `unless`: entries of its own, and whole lists, each heard as far as it says itself."""
    entries = row.texts("unless")
    whole = [entry for entry in entries if _LISTED.fullmatch(entry)]
    row.refer("unless", [entry[1:] or "@" for entry in whole], lists, "[[word_list]]")
    silences = tuple(lists[entry[1:]] for entry in whole if entry[1:] in lists)
    return _entries(row, "unless", [each for each in entries if each not in whole], lists), silences
