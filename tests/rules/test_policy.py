"""A pack is checked as a whole: every fault with its file and line (规则包检查)."""

import re
from collections.abc import Callable
from itertools import product

import pytest

from rules.errors import PackFault
from rules.policy import REQUIRED, Policy, content_hash, parse
from rules.terms import Budget, ClockKind, TicketType, Unit, Urgency
from rules.worktime import Window
from tests.packs import FILES, edited, where

ROUTING = "county/routing.toml"


def faults(changed: dict[str, str | None]) -> list[str]:
    """The faults of the county's chain with some files replaced, or taken out by None."""
    files = {name: text for name, text in {**FILES, **changed}.items() if text is not None}
    with pytest.raises(PackFault) as caught:
        parse(files)
    found = caught.value.facts["faults"]
    assert isinstance(found, list)
    assert all(fault in caught.value.detail for fault in found)
    return found


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse(FILES)


def tables() -> list[tuple[str, int, str]]:
    """The first header of each kind of table in each file, and the last one."""
    found: dict[tuple[str, str, str], tuple[str, int, str]] = {}
    for file, text in FILES.items():
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("["):
                found.setdefault((file, line, "first"), (file, number, line))
                found[file, line, "last"] = (file, number, line)
    return sorted(set(found.values()))


@pytest.mark.parametrize(("file", "line", "header"), tables())
def test_an_unknown_field_in_any_table_is_found_on_its_line(file: str, line: int, header: str) -> None:
    lines = FILES[file].splitlines()
    lines.insert(line, "nonsense = 1")
    told = [f"{file} 第 {line + 1} 行：不认识的字段 nonsense。请改正拼写，或删去这一行"]
    assert faults({file: "\n".join(lines)}) == told


@pytest.mark.parametrize("file", sorted(FILES))
def test_an_unknown_field_above_all_tables_is_found_on_its_line(file: str) -> None:
    found = faults({file: "\nnonsense = 1\n" + FILES[file]})
    assert len(found) == 1
    assert found[0].startswith(f"{file} 第 2 行：不认识的")


@pytest.mark.parametrize("file", sorted(FILES))
def test_an_unknown_table_is_found_on_its_line(file: str) -> None:
    last = FILES[file].count("\n") + 1
    found = faults({file: FILES[file] + "[[nonsense]]\ncode = 'x'\n"})
    assert len(found) == 1
    assert found[0].startswith(f"{file} 第 {last} 行：不认识的")


@pytest.mark.parametrize("file", REQUIRED)
def test_a_file_that_no_pack_of_the_chain_has_is_one_fault_and_no_cascade(file: str) -> None:
    found = faults({name: None for name in FILES if name.endswith(f"/{file}")})
    # without pack.toml nothing says what is extended, and the files above belong to nobody
    parted = file == "pack.toml"
    assert [each for each in found if each.startswith(f"county/{file}：缺少这个文件")]
    assert parted or len(found) == 1


@pytest.mark.parametrize("file", sorted(FILES))
def test_broken_toml_names_its_line_and_does_not_cascade(file: str) -> None:
    text = FILES[file] + "\nhalf = \n"
    assert faults({file: text}) == [
        f"{file} 第 {text.count(chr(10))} 行：不符合 TOML 格式，请检查引号、括号和等号，键不能重复"
    ]


def test_a_misspelt_file_name_is_not_ignored() -> None:
    told = "county/limit.toml：不认识这个文件，是否想写“limits.toml”。请检查文件名，或把它移走"
    assert faults({"county/limit.toml": ""}) == [told]


EDITS = [
    ("limits.toml", 'clock = "handle"', 'clok = "handle"', "缺少 clock"),
    ("limits.toml", 'clock = "sign"', 'clock = "singing"', "clock 不认识“singing”"),
    ("limits.toml", 'types = ["consult"]', 'types = ["咨询"]', "types 里没有“咨询”"),
    ("limits.toml", "amount = 15", 'amount = "15"', "amount 应填数字"),
    ("limits.toml", "amount = 15", "amount = 2.5", "amount 应填整数"),
    ("limits.toml", "amount = 60", "amount = 0.5", "amount 应填整数"),
    ("limits.toml", "amount = 15", "amount = -3", "amount 应在 0.5 到"),
    ("limits.toml", "amount = 15", "amount = nan", "amount 应在 0.5 到"),
    ("limits.toml", "amount = 15", "amount = true", "amount 应填数字"),
    ("limits.toml", 'unit = "minutes"', 'unit = "hours"', "unit 不认识“hours”"),
    ("limits.toml", 'id = "sign"', 'id = "dispatch"', "id“dispatch”重复"),
    ("limits.toml", 'occasion = "redo"', 'occasion = "conferring"', "只用于时钟 settle"),
    ("limits.toml", "exempt = true", "exempt = true\namount = 3", "不能再写 amount"),
    ("departments.toml", 'code = "housing"', 'code = "urban_management"', "code“urban_management”重复"),
    ("departments.toml", 'kind = "team"', 'kind = "gang"', "kind 不认识“gang”"),
    ("departments.toml", 'parent = "police"', 'parent = "polices"', "没有“polices”，是否想写“police”"),
    ("departments.toml", 'parent = "police"', 'parent = "traffic_police"', "绕了一圈"),
    ("departments.toml", 'area = "999001001"', 'area = "999001999"', "areas.toml 里没有“999001999”"),
    ("departments.toml", 'area = "999001001"', "", "缺少 area"),
    ("departments.toml", '"房管中心"', '"城管"', "“城管”已是“urban_management”的名称或别名"),
    ("departments.toml", 'hours = ["00:00-24:00"]', 'hours = ["24:00-25:00"]', "09:00-12:00"),
    ("departments.toml", 'leader_title = "公安局分管副局长"', 'leader_title = " "', "leader_title 不能为空"),
    ("areas.toml", "level = 5", "level = 4", "层级应低于上级"),
    ("areas.toml", "level = 5", "level = 6", "level 应在 1 到 5 之间"),
    ("areas.toml", 'parent = "999001001001_1"', "", "缺少 parent"),
    ("catalogue.toml", 'department = "labour"', 'department = "labor"', "没有“labor”，是否想写“labour”"),
    ("catalogue.toml", 'parent = "urban"', 'parent = "street_vending"', "绕了一圈"),
    ("channels.toml", 'code = "web"', 'code = "fax"', "code 不认识“fax”"),
    ("channels.toml", '"手机客户端"', '"微信公众号"', "已是渠道“wechat”的叫法"),
    ("routing.toml", 'lead = "police"', 'lead = "polices"', "departments.toml 里没有“polices”"),
    ("routing.toml", 'areas = ["999001101"]', 'areas = ["999009"]', "areas.toml 里没有“999009”"),
    ("routing.toml", 'categories = ["market"]', 'categories = ["mall"]', "catalogue.toml 里没有“mall”"),
    ("routing.toml", 'hours = ["22:00-06:00"]', 'hours = ["22点-6点"]', "应写成 09:00-12:00"),
    ("routing.toml", 'assists = ["environment"]', 'assists = ["urban_management"]', "不能又是协办"),
    ("routing.toml", 'id = "traffic"', 'id = "market"', "规则“market”重复，且有效期重叠"),
    ("routing.toml", "\nreview = true\n", '\nreview = "yes"\n', "review 应填true 或 false"),
    ("ladder.toml", 'receivers = ["county_leader"]', 'receivers = ["mayor"]', "[[receiver]] 里没有“mayor”"),
    ("ladder.toml", 'receivers = ["county_leader"]', "receivers = []", "receivers 不能为空"),
    ("ladder.toml", "level = 3", "level = 4", "level 应在 0 到 3 之间"),
    ("ladder.toml", "level = 2\n", "", "督办（supervise）要写 level"),
    ("ladder.toml", "share = 0.5", "share = 0.5\nafter = 1\nunit = 'workdays'", "只能写一个"),
    ("ladder.toml", "share = 0.5\n", "", "缺少 share"),
    ("ladder.toml", "share = 0.5", "share = 1.5", "share 应在 0.01 到 1 之间"),
    ("ladder.toml", 'step = "warn_80"', 'step = "warn_50"', "“warn_50”重复"),
    ("returns.toml", "max_days = 120", "max_days = 181", "max_days 应在 1 到 180 之间"),
    ("returns.toml", 'code = "in_litigation"', 'code = "awaiting_caller"', "重复"),
    ("returns.toml", "confer_from = 3", "confer_from = 2.0", "confer_from 应填整数"),
    ("returns.toml", "days = 2", "days = 4", "days 不能多于 attempts"),
    ("pack.toml", "gate = 0.9", "gate = 90", "gate 应在 0.5 到 1 之间"),
    ("pack.toml", 'area_code = "999001"', 'area_code = "99900"', "应是 6 位数字"),
    ("pack.toml", 'area_code = "999001"', 'area_code = "999002"', "areas.toml 里没有 area_code"),
    ("pack.toml", '"13:30-17:30"', '"11:30-17:30"', "与前一段重叠"),
    ("pack.toml", 'after_hours = "as_is"', 'after_hours = "later"', "after_hours 不认识“later”"),
    ("pack.toml", 'handle_starts = "dispatched"', 'handle_starts = "sent"', "handle_starts 不认识“sent”"),
    ("acceptance.toml", 'line = "119"', 'line = "114"', "line 不认识“114”"),
    ("cases.toml", "at = 2026-03-03T10:00:00+08:00", "at = 2026-03-03T10:00:00", "带时区"),
    ("cases.toml", 'refusal = "litigation"', 'refusal = "litigious"', "没有“litigious”"),
    ("cases.toml", "shares = [0.96, 0.02]", "shares = [0.96]", "一一对应"),
]


#: How many lines off the edit a fault stands: a missing cell at its header, a repeated one where it repeats.
OFFSETS = {
    "缺少 clock": -2,
    "缺少 area": -7,
    "缺少 parent": -4,
    "缺少 share": -4,
    "督办（supervise）要写 level": -4,
    "规则“market”重复，且有效期重叠": 15,
    "review 应填true 或 false": 1,
    "只能写一个": 1,
}


@pytest.mark.parametrize(("file", "old", "new", "words"), EDITS)
def test_a_fault_is_told_with_file_and_line(file: str, old: str, new: str, words: str) -> None:
    files, name, line = edited(file, old, new)
    told = [fault for fault in faults(files) if words in fault]
    assert told, f"not told: {words}"
    assert told[0].startswith(f"{name} 第 {line + OFFSETS.get(words, 0)} 行：")


def test_a_missing_field_is_told_at_the_header_of_its_row() -> None:
    files, name, line = edited("limits.toml", 'id = "sign_urgent"\n', "")
    assert f"{name} 第 {line - 1} 行：缺少 id。请在这一条里写上 id" in faults(files)


def test_all_faults_of_a_pack_are_shown_together_in_order() -> None:
    limits, above, _ = edited("limits.toml", "amount = 15", "amount = 0")
    routing, own, _ = edited("routing.toml", 'lead = "police"', 'lead = "army"')
    changed = {above: limits[above], own: routing[own], "county/areas.toml": None, "national/x.toml": ""}
    found = faults(changed)
    assert [fault.split()[0].split("：")[0] for fault in found] == [
        "county/areas.toml",
        "county/routing.toml",
        "hunan-template/limits.toml",
        "national/x.toml",
    ]


@pytest.mark.parametrize("row", ["handle_other", "dispatch", "first_contact", "supplement"])
def test_a_gap_in_the_limits_is_a_fault_that_names_the_clock(row: str) -> None:
    name = where("limits.toml", f'id = "{row}"\n')
    limits = re.sub(rf'\[\[limit\]\]\nid = "{row}"\n(?:.+\n)+', "", FILES[name])
    clock = "handle" if row == "handle_other" else row
    found = [fault for fault in faults({name: limits, "county/cases.toml": None}) if "没有写" in fault]
    assert len(found) == 1
    assert f"时钟 {clock} 没有写" in found[0]


def test_a_limit_that_can_never_hold_is_a_fault() -> None:
    row = '[[limit]]\nid = "late"\nclock = "sign"\ntypes = ["help"]\n'
    row += 'amount = 2\nunit = "workdays"\nclause = "x"\n'
    name = "national/limits.toml"
    line = FILES[name].count("\n") + 2
    told = f"{name} 第 {line} 行：时限“late”永远轮不到：前面的时限已覆盖它的全部情形。"
    assert [each[: len(told)] for each in faults({name: FILES[name] + row})] == [told]


def test_a_clock_without_a_step_at_its_deadline_is_a_fault() -> None:
    duty = 'action = "call_duty"\nshare = '
    ladder, _, _ = edited("ladder.toml", f"{duty}1.0", f"{duty}0.9")
    assert [fault for fault in faults(ladder) if "时钟 sign（" in fault and "到期" in fault]


def test_a_category_nobody_answers_for_is_a_fault() -> None:
    routing = FILES[ROUTING].replace('categories = ["village_affairs"]', 'categories = ["power"]')
    found = faults({ROUTING: routing})
    assert any("“村务和村道”没有承办单位，也没有派单规则" in fault for fault in found)


RULE = '[[rule]]\nid = "{id}"\nname = "多出来的"\nlead = "police"\nclause = "x"\n{more}'


@pytest.mark.parametrize(
    "more",
    [
        'categories = ["street_vending"]',  # below "urban"
        'categories = ["water"]\nareas = ["999001101"]',
        'categories = ["parking"]\nvalid_from = 2026-01-01\nvalid_to = 2026-02-01',
        'any_words = ["请帮忙挪车", "挪车电话"]',
        'all_words = ["我要挪车"]',
        'categories = ["unpaid_wages"]\nurgencies = ["critical"]',
        'any_words = ["又停水了"]\nunless = ["停水停电", "物业", "消防", "绿化", "征收", "拆迁", "热水器漏"]',
    ],
)
def test_a_rule_that_can_never_fire_is_a_fault(more: str) -> None:
    found = faults({ROUTING: FILES[ROUTING] + RULE.format(id="extra", more=more)})
    assert len(found) == 1
    assert "永远轮不到" in found[0]


@pytest.mark.parametrize(
    "more",
    [
        'any_words = ["又停水了"]',  # the earlier rule stands back where 物业 is said, this one does not
        'any_words = ["挪车", "拖车"]',
        'areas = ["999001001"]',
        'channels = ["letter"]',
        'hours = ["08:00-09:00"]',
    ],
)
def test_a_rule_that_can_fire_is_no_fault(more: str) -> None:
    parse({**FILES, ROUTING: FILES[ROUTING] + RULE.format(id="extra", more=more)})


def test_the_same_rule_may_stand_again_for_another_time_but_not_for_the_same_day() -> None:
    def twice(first_end: str, second_start: str) -> str:
        one = RULE.format(id="dated", more=f'any_words = ["烟花"]\nvalid_to = {first_end}\n')
        two = RULE.format(id="dated", more=f'any_words = ["烟花"]\nvalid_from = {second_start}\n')
        return FILES[ROUTING] + one + two

    parse({**FILES, ROUTING: twice("2026-06-30", "2026-07-01")})
    assert any("有效期重叠" in each for each in faults({ROUTING: twice("2026-07-01", "2026-07-01")}))


def test_a_rule_valid_backwards_is_a_fault() -> None:
    row = RULE.format(id="x", more='any_words = ["烟花"]\nvalid_from = 2026-07-02\nvalid_to = 2026-07-01\n')
    assert any("从不生效" in each for each in faults({ROUTING: FILES[ROUTING] + row}))


def test_without_a_township_nothing_can_be_sent_by_place() -> None:
    name = "county/departments.toml"
    departments = FILES[name].replace('kind = "township"', 'kind = "bureau"')
    assert any("没有“@township”" in each for each in faults({name: departments}))


# --- what comes out ---------------------------------------------------------------------------


LIMITS = [
    (ClockKind.HANDLE, TicketType.CONSULT, Urgency.NORMAL, "", Budget(3, Unit.WORKDAYS)),
    (ClockKind.HANDLE, TicketType.COMPLAIN, Urgency.NORMAL, "redo", Budget(3, Unit.WORKDAYS)),
    (ClockKind.HANDLE, TicketType.REPORT, Urgency.NORMAL, "", Budget(15, Unit.WORKDAYS)),
    (ClockKind.HANDLE, TicketType.PRAISE, Urgency.NORMAL, "", None),
    (ClockKind.SETTLE, TicketType.HELP, Urgency.NORMAL, "", Budget(0.5, Unit.WORKDAYS)),
    (ClockKind.SETTLE, TicketType.HELP, Urgency.NORMAL, "conferring", Budget(1, Unit.WORKDAYS)),
    (ClockKind.SIGN, TicketType.HELP, Urgency.URGENT, "redo", Budget(30, Unit.MINUTES)),
    (ClockKind.RESUME, TicketType.HELP, Urgency.NORMAL, "", None),
]


@pytest.mark.parametrize(("clock", "kind", "urgency", "occasion", "budget"), LIMITS)
def test_a_limit_is_the_first_row_that_fits(
    policy: Policy,
    clock: ClockKind,
    kind: TicketType,
    urgency: Urgency,
    occasion: str,
    budget: Budget | None,
) -> None:
    limit = policy.limit(clock, kind, urgency, occasion)
    assert (limit.budget if limit else None) == budget
    assert limit is None or limit.clause


def test_every_clock_but_resume_has_a_limit_for_all_but_praise(policy: Policy) -> None:
    for clock, kind, urgency in product(ClockKind, TicketType, Urgency):
        wanted = clock is not ClockKind.RESUME and (clock, kind) != (ClockKind.HANDLE, TicketType.PRAISE)
        assert (policy.limit(clock, kind, urgency) is not None) == wanted, (clock, kind, urgency)


def test_the_ladder_of_handling_is_that_of_the_life_cycle(policy: Policy) -> None:
    steps = policy.steps(ClockKind.HANDLE, Urgency.NORMAL)
    shown = [(step.action, step.level, step.share or (step.after and step.after.amount)) for step in steps]
    assert shown == [
        ("warn", 0, 0.5),
        ("warn", 0, 0.8),
        ("breach", 0, 1.0),
        ("supervise", 1, 1),
        ("supervise", 2, 3),
        ("supervise", 3, 5),
    ]


def test_a_step_may_be_for_one_urgency_only(policy: Policy) -> None:
    files, _, _ = edited("ladder.toml", "share = 0.5\n", 'share = 0.5\nurgencies = ["normal"]\n')
    changed = parse(files)
    assert len(changed.steps(ClockKind.HANDLE, Urgency.URGENT)) == 5
    assert len(changed.steps(ClockKind.HANDLE, Urgency.NORMAL)) == 6
    assert policy.steps(ClockKind.RESUME, Urgency.NORMAL) == ()


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("urban_management", "urban_management"),
        ("墨榆县城市管理局", "urban_management"),
        (" 城管 ", "urban_management"),
        ("ｐｏｌｉｃｅ", "police"),
        ("城管局办公室", None),
        ("", None),
    ],
)
def test_a_department_is_found_by_code_name_or_alias(policy: Policy, label: str, code: str | None) -> None:
    found = policy.department_of(label)
    assert (found.code if found else None) == code


def test_settings_come_out_typed(policy: Policy) -> None:
    assert policy.windows == (Window(540, 720), Window(810, 1050))
    assert (policy.area_code, policy.gate, policy.after_hours) == ("999001", 0.9, "as_is")
    assert policy.departments["traffic_police"].hours == (Window(0, 1440),)
    assert (policy.returns.head_from, policy.returns.confer_from) == (2, 3)
    assert (policy.extensions.times, policy.extensions.each) == (3, Budget(3, Unit.WORKDAYS))
    assert (policy.callbacks.attempts, policy.callbacks.days) == (3, 2)
    assert max(reason.max_days for reason in policy.suspensions) <= 180


def test_an_area_lies_in_itself_and_in_what_is_above(policy: Policy) -> None:
    assert policy.within("999001001001_1_3", "999001001")
    assert policy.within("999001001", "999001001")
    assert not policy.within("999001001", "999001001001")
    assert not policy.within("nowhere", "999001")


def test_the_mappings_of_a_policy_are_read_only(policy: Policy) -> None:
    with pytest.raises(TypeError):
        policy.departments["x"] = policy.departments["police"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda files: dict(reversed(files.items())), True),
        (lambda files: {name: text.replace("\n", "\r\n") for name, text in files.items()}, True),
        (lambda files: {**files, ROUTING: files[ROUTING] + "\n"}, False),
        (lambda files: {name: text for name, text in files.items() if name != "county/cases.toml"}, False),
    ],
)
def test_the_hash_is_that_of_the_content(
    policy: Policy, change: Callable[[dict[str, str]], dict[str, str]], same: bool
) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", policy.hash)
    assert (content_hash(change(FILES)) == policy.hash) == same
