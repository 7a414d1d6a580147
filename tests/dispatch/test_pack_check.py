"""Twenty and more packs broken on purpose (规则包检查): each fault with pack, file, line and what to do."""

import shutil
from pathlib import Path

import pytest

from dispatch import pack_check, packs
from rules.errors import PackFault
from tests.packs import FOLDER

RULE = '[[rule]]\nid = "{id}"\nname = "多出来的"\nlead = "police"\nclause = "本地规定"\n{more}\n'
LIMIT = (
    '[[limit]]\nid = "{id}"\nclock = "handle"\n{more}\namount = 2\nunit = "workdays"\nclause = "本地规定"\n'
)
STEP = '[[step]]\nclock = "handle"\nstep = "{step}"\naction = "warn"\nshare = 0.3\nreceivers = ["handler"]\nclause = "本地规定"\n'

#: What is changed (file, old, new; no old: appended, or a new file), where the fault stands (the first line that
#: holds the mark; no mark: the file as a whole), what is said, what to do.
BROKEN = {
    # conflicts
    "two rules of one name for the same days": (
        "routing.toml", "", RULE.format(id="water", more='any_words = ["水表"]'),
        'id = "water"\nname = "多出来的"', "规则“water”重复，且有效期重叠", "错开有效期",
    ),
    "one alias of two departments": (
        "departments.toml", '"房管中心"', '"城管"',
        '"县住建局"', "“城管”已是“urban_management”的名称或别名", "只留在一个单位名下",
    ),
    "a lead that assists itself": (
        "routing.toml", 'assists = ["environment"]', 'assists = ["urban_management"]',
        'assists = ["urban_management"]', "不能又是协办单位", "从 assists 里去掉",
    ),
    "a word of two channels": (
        "channels.toml", "", '[[channel]]\ncode = "app"\nname = "手机应用"\nwords = ["来电"]\n',
        "words = ", "“来电”已是渠道“phone”的叫法", "只留在一个渠道名下",
    ),
    "departments in a ring": (
        "departments.toml", 'parent = "police"', 'parent = "traffic_police"',
        'parent = "traffic_police"', "绕了一圈", "改写其中一条的 parent",
    ),
    "a rate that can pass a hundred": (
        "indicators.toml", "",
        '[[indicator]]\ncode = "x"\nname = "办结率"\nnumerator = "closed"\ndenominator = "received"\n'
        'definition = "本周办结的占本周受理的多少。"\nclause = "本地规定"\n',
        "numerator = ", "“办结”不是“受理”的一部分，这个率可能超过 100%", "分子可以写：valid、",
    ),
    "a department that is there and taken over": (
        "departments.toml", 'code = "housing"', 'code = "housing"\nsucceeds = ["police"]',
        'succeeds = ["police"]', "“police”还是现有的承办单位", "删去原单位那一条",
    ),
    # what can never be reached
    "a rule behind a wider one": (
        "routing.toml", "", RULE.format(id="late", more='categories = ["water"]\nareas = ["999001101"]'),
        'id = "late"', "规则“late”永远轮不到：前面的“water”总是先符合", "移到前面",
    ),
    "a rule that is never valid": (
        "routing.toml", "",
        RULE.format(id="dated", more='any_words = ["烟花"]\nvalid_from = 2026-07-02\nvalid_to = 2026-07-01'),
        "valid_to = ", "从不生效", "核对两个日期",
    ),
    "a limit that hides those above": (
        "limits.toml", "", LIMIT.format(id="all", more='urgencies = ["normal"]'),
        'id = "all"', "时限“handle_consult”永远轮不到", 'drop = ["handle_consult"]',
    ),
    "a row left out that is not there": (
        "limits.toml", "", 'drop = ["handle_hlep"]\n', "drop", "没有“handle_hlep”", "从 drop 里去掉",
    ),
    # gaps
    "a limit left out": (
        "limits.toml", "", 'drop = ["call_back"]\n', None, "时钟 call_back 没有写", "补一条 [[limit]]",
    ),
    "a deadline at which nothing happens": (
        "ladder.toml", "", 'drop = ["sign.breach"]\n', None, "时钟 sign（一般）缺少到期那一级", "share = 1.0",
    ),
    "a category that nobody answers for": (
        "catalogue.toml", "", '[[category]]\ncode = "kites"\nname = "放风筝"\nduties = "风筝"\n',
        '[[category]]\ncode = "kites"', "“放风筝”没有承办单位，也没有派单规则", "请写 department",
    ),
    "a file that is not there": ("areas.toml", None, None, None, "缺少这个文件", "请补上"),
    "a misspelt file": ("limit.toml", "", "x = 1\n", None, "不认识这个文件，是否想写“limits.toml”", "检查文件名"),
    "a rule without its source": (
        "routing.toml", "", '[[rule]]\nid = "bare"\nname = "没有依据"\nlead = "police"\nany_words = ["烟花"]\n',
        '[[rule]]\nid = "bare"', "缺少 clause", "写上 clause",
    ),
    # overlaps
    "office hours that overlap": (
        "pack.toml", "extends = ", 'windows = ["09:00-12:00", "11:30-17:30"]\nextends = ',
        "windows = ", "与前一段重叠或次序颠倒", "",
    ),
    "one step of the ladder twice": (
        "ladder.toml", "", STEP.format(step="noon") * 2, None, "时钟 handle 的“noon”重复", "换一个 step",
    ),
    "hours changed without a source": (
        "pack.toml", "extends = ", 'windows = ["08:00-12:00"]\nextends = ',
        "windows = ", "clauses 里的出处还是 national/pack.toml", "写上 windows 的出处",
    ),
    # what is not there, and what cannot be read
    "an unknown department": (
        "routing.toml", 'lead = "police"', 'lead = "polices"',
        'lead = "polices"', "departments.toml 里没有“polices”，是否想写“police”", "改正 lead",
    ),
    "an unknown field": (
        "departments.toml", 'kind = "team"', 'kind = "team"\nboss = "某人"',
        "boss = ", "不认识的字段 boss", "改正拼写",
    ),
    "a bracket that is not closed": ("catalogue.toml", "", "[[category]\n", "[[category]\n", "不符合 TOML 格式", ""),
    "a parent that is nowhere": (
        "pack.toml", '"hunan-template"', '"hunan-templates"',
        "extends = ", "找不到上级规则包“hunan-templates”", "随系统提供的名字",
    ),
    "a pack that extends itself": (
        "pack.toml", '"hunan-template"', '"county"', "extends = ", "继承绕了一圈：county → county", "改写 extends",
    ),
    "an emergency word that is empty": (
        "acceptance.toml", "", '[[emergency]]\nline = "119"\nwords = ["着火+"]\nunless = []\nclause = "本地"\n',
        "words = ", "有空的词", "词表",
    ),
}  # fmt: skip


def broken(folder: Path, file: str, old: str | None, new: str | None) -> str:
    """A copy of the county with one change; the changed text comes back."""
    shutil.copytree(FOLDER, folder)
    target = folder / file
    if new is None:
        target.unlink()
        return ""
    text = target.read_text("utf-8") if target.exists() else ""
    if old:
        assert old in text
        text = text.replace(old, new, 1)
    else:
        text = text.rstrip("\n") + "\n" + new if text else new
    target.write_text(text, "utf-8")
    return text


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_found_with_pack_file_line_and_what_to_do(name: str, tmp_path: Path) -> None:
    file, old, new, mark, says, mend = BROKEN[name]
    text = broken(tmp_path / "county", file, old, new)
    found = pack_check.check_pack(str(tmp_path / "county"))
    assert (found["ok"], found["merged"]) == (False, None)
    told = [each for each in found["faults"] if says in each["says"]]
    assert told, found["faults"]
    fault = told[0]
    assert (fault["pack"], fault["file"]) == ("county", file) or mark is None
    if mark is not None:
        assert fault["line"] == text[: text.index(mark)].count("\n") + 1
    assert mend in f"{fault['says']}{fault['mend']}"
    assert any(says in line for line in pack_check.lines(found))


@pytest.mark.parametrize("name", BROKEN)
def test_one_change_is_told_without_a_cascade(name: str, tmp_path: Path) -> None:
    broken(tmp_path / "county", *BROKEN[name][:3])
    found = pack_check.check_pack(str(tmp_path / "county"))["faults"]
    allowed = {"a limit that hides those above": 6, "an unknown department": 1, "a limit left out": 3}
    allowed |= {"a deadline at which nothing happens": 3}
    assert 0 < len(found) <= allowed.get(name, 2), found


def test_a_case_that_does_not_come_out_is_told_with_its_line(tmp_path: Path) -> None:
    before = (FOLDER / "cases.toml").read_text("utf-8")
    old = 'department = "traffic_police"'
    text = broken(tmp_path / "county", "cases.toml", old, 'department = "labour"')
    found = pack_check.check_pack(str(tmp_path / "county"))
    assert (found["ok"], found["faults"]) == (False, [])
    (failed,) = found["failed_cases"]
    assert failed["says"].endswith("承办单位应为 labour，得出 traffic_police")
    at = before[: before.index(old)].count("\n")
    assert (failed["pack"], failed["file"]) == ("county", "cases.toml")
    assert text.splitlines()[failed["line"] - 1] == "[[case]]" and 0 < at - failed["line"] < 12


def test_a_fault_of_a_row_that_is_replaced_below_is_found_in_its_own_pack(tmp_path: Path) -> None:
    for name in ("national", "hunan-template"):
        shutil.copytree(Path(packs.__file__).parents[1] / "rules" / "packs" / name, tmp_path / name)
    shutil.copytree(FOLDER, tmp_path / "county")
    above = tmp_path / "hunan-template" / "limits.toml"
    text = above.read_text("utf-8")
    row = text[text.index("[[limit]]") : text.index("\n\n")]
    (tmp_path / "county" / "limits.toml").write_text(row + "\n", "utf-8")
    above.write_text(text.replace("amount = 3", 'amount = "three"', 1), "utf-8")
    found = pack_check.check_pack(str(tmp_path / "county"))
    (fault,) = found["faults"]
    assert (fault["pack"], fault["file"]) == ("hunan-template", "limits.toml")
    assert text.splitlines()[fault["line"] - 1] == "amount = 3"


@pytest.mark.parametrize("name", packs.shipped())
def test_every_shipped_pack_is_sound_and_shows_where_each_value_comes_from(name: str) -> None:
    found = pack_check.check_pack(name)
    assert found["ok"], pack_check.lines(found)
    assert {each["origin"]["pack"] for each in found["merged"]} == set(found["chain"])
    assert (found["missing"] != []) == found["abstract"]
    limits = {each["key"]: each for each in found["merged"] if each["table"] == "limit"}
    assert limits["sign"]["origin"]["line"] > 1 and limits["sign"]["clause"]
    rows = [pack_check.row_of(each) for each in found["merged"]]
    assert all(len(row) == 5 and all(row[:4]) for row in rows)
    assert ("limit", "handle_praise", "不设时限") in [row[:3] for row in rows]


def test_what_replaces_a_value_of_a_pack_above_names_it() -> None:
    merged = pack_check.check_pack("lvliang-2024")["merged"]
    sign = next(each for each in merged if (each["table"], each["key"]) == ("limit", "sign_urgent"))
    assert sign["origin"]["pack"] == "lvliang-2024"
    assert len(sign["replaces"]) == 1 and sign["replaces"][0].startswith("national/limits.toml 第 ")


def test_there_must_be_a_pack() -> None:
    with pytest.raises(PackFault, match="找不到规则包"):
        pack_check.check_pack("nowhere")


def test_rules_that_can_meet_are_told_with_both_places_and_are_no_fault(tmp_path: Path) -> None:
    two = RULE.format(id="one", more='any_words = ["风筝"]\ntypes = ["help"]')
    two += RULE.format(id="two", more='any_words = ["风筝"]\nareas = ["999001001"]').replace(
        "police", "housing"
    )
    broken(tmp_path / "county", "routing.toml", "", two)
    found = pack_check.check_pack(str(tmp_path / "county"))
    assert found["ok"] is True
    (told,) = [each for each in found["overlaps"] if each["rules"] == ["one", "two"]]
    assert told["file"] == "routing.toml" and "（county/routing.toml 第 " in told["says"]
    assert any(line.startswith("提醒：county/routing.toml 第 ") for line in pack_check.lines(found))
