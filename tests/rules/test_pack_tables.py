"""Departments that took over others (机构合并): the old code means the successor, and nothing else may."""

import pytest

from rules.errors import PackFault
from rules.policy import parse
from tests.packs import FILES, edited

FILE = "departments.toml"
MARK = 'code = "housing"\n'


def with_succeeds(*codes, mark=MARK, more=()):
    """The county whose housing bureau took over `codes`, with further changes (old, new) in departments.toml."""
    listed = ", ".join(f'"{each}"' for each in codes)
    files, name, line = edited(FILE, mark, f"{mark}succeeds = [{listed}]\n")
    for old, new in more:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    return files, name, line + 1


def test_a_department_without_a_past_succeeds_nobody():
    assert {each.succeeds for each in parse(FILES).departments.values()} == {()}


def test_the_code_of_a_former_department_means_its_successor():
    policy = parse(with_succeeds("demolition", "planning")[0])
    assert policy.departments["housing"].succeeds == ("demolition", "planning")
    for word in ("demolition", " planning ", "housing", "房管中心", "ｐｌａｎｎｉｎｇ"):
        found = policy.department_of(word)
        assert found is not None and found.code == "housing"
    assert "demolition" not in policy.departments
    assert parse(FILES).labels.items() <= policy.labels.items()


def test_an_alias_of_the_successor_may_be_the_old_code():
    alias = ('aliases = ["县住建局"', 'aliases = ["planning", "县住建局"')
    assert parse(with_succeeds("planning", more=[alias])[0]).labels["planning"] == "housing"


@pytest.mark.parametrize(
    ("codes", "more", "said", "mend"),
    [
        (["police"], (), "“police”还是现有的承办单位，不能写成已并入“housing”", "请删去原单位那一条"),
        (["housing"], (), "“housing”还是现有的承办单位", "从 succeeds 里去掉"),
        (["old", "old"], (), "succeeds 里“old”重复", "删去重复的一项"),
        (["国土局"], (), "“国土局”只能用英文字母、数字和下划线", "请写原单位的 code"),
        (
            ["planning"],
            [('aliases = ["县公安局"', 'aliases = ["planning", "县公安局"')],
            "“planning”与“police”的名称或别名相同",
            "改掉那个别名",
        ),
        ([""], (), "succeeds 应是文字的列表，且不能有空项", ""),
    ],
)
def test_a_fault_is_told_with_its_file_line_and_what_to_do(codes, more, said, mend):
    files, name, line = with_succeeds(*codes, more=more)
    with pytest.raises(PackFault) as caught:
        parse(files)
    (told,) = caught.value.facts["details"]
    assert said in told["says"] and mend in told["mend"]
    assert (f"{told['pack']}/{told['file']}", told["line"]) == (name, line)


def test_two_departments_cannot_take_over_the_same_one():
    later = 'code = "police"\n'
    files, name, _ = with_succeeds("old", more=[(later, f'{later}succeeds = ["old"]\n')])
    with pytest.raises(PackFault, match="“old”已由“housing”接续，不能再并入“police”") as caught:
        parse(files)
    (told,) = caught.value.facts["details"]
    assert files[name].splitlines()[told["line"] - 1] == 'succeeds = ["old"]'


def test_it_must_be_a_list():
    files, _, _ = edited(FILE, MARK, f'{MARK}succeeds = "old"\n')
    with pytest.raises(PackFault, match="succeeds 应填列表"):
        parse(files)
