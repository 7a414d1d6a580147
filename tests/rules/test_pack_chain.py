"""Which pack extends which (规则包的继承): any length, and what does not hold is told at its line."""

import pytest

from rules.errors import PackFault
from rules.pack_chain import follow
from rules.policy import parse


def packs(**parents: str) -> dict[str, str]:
    """Heads of packs, each with the parent it names; "" for none."""
    return {
        f"{name}/pack.toml": f'name = "{name}"\n' + (f'extends = "{parent}"\n' if parent else "")
        for name, parent in parents.items()
    }


@pytest.mark.parametrize(
    ("parents", "chain"),
    [
        ({"a": ""}, ("a",)),
        ({"a": "b", "b": ""}, ("a", "b")),
        ({"c": "", "b": "c", "a": "b"}, ("a", "b", "c")),
        ({f"p{n}": f"p{n + 1}" if n < 30 else "" for n in range(31)}, tuple(f"p{n}" for n in range(31))),
    ],
)
def test_a_chain_is_followed_to_its_end_in_whatever_order_the_files_come(
    parents: dict[str, str], chain: tuple[str, ...]
) -> None:
    for files in (packs(**parents), dict(reversed(packs(**parents).items()))):
        found: list = []
        followed = follow(files, found)
        assert (followed.packs, followed.whole, found) == (chain, True, [])


@pytest.mark.parametrize(
    ("parents", "place", "words"),
    [
        ({"a": "a"}, "a/pack.toml 第 2 行", "绕了一圈：a → a"),
        ({"a": "b", "b": "a"}, "b/pack.toml 第 2 行", "绕了一圈：a → b → a"),
        ({"a": "b", "b": "c", "c": "b"}, "c/pack.toml 第 2 行", "绕了一圈：b → c → b"),
        ({"a": "nowhere"}, "a/pack.toml 第 2 行", "找不到上级规则包“nowhere”"),
        ({"a": "b", "b": "nowhere"}, "b/pack.toml 第 2 行", "找不到上级规则包“nowhere”"),
    ],
)
def test_a_ring_and_a_missing_parent_are_the_only_fault_and_told_at_their_line(
    parents: dict[str, str], place: str, words: str
) -> None:
    with pytest.raises(PackFault) as caught:
        parse(packs(**parents))
    (told,) = caught.value.facts["faults"]
    assert told.startswith(place) and words in told and "。请" in told
    assert caught.value.facts["details"][0]["line"] == 2


def test_a_pack_that_nobody_extends_is_told() -> None:
    found: list = []
    follow(packs(a="c", b="c", c=""), found)
    assert [str(each) for each in found] == ["b/pack.toml：规则包“a”用不到它。请去掉这个文件夹"]


def test_a_single_pack_may_come_without_a_folders_name() -> None:
    found: list = []
    followed = follow({"pack.toml": 'name = "x"'}, found)
    assert (followed.packs, followed.of("pack.toml")[0].path, found) == (("",), "pack.toml", [])


def test_a_pack_file_that_cannot_be_read_stops_there() -> None:
    with pytest.raises(PackFault) as caught:
        parse({**packs(a="b", b=""), "b/pack.toml": "name = "})
    assert len(caught.value.facts["faults"]) == 1
    assert caught.value.facts["faults"][0].startswith("b/pack.toml 第 1 行：不符合 TOML 格式")


@pytest.mark.parametrize("given", ["1", '""', '" "', '["national"]', "{}"])
def test_what_is_extended_is_a_name_and_anything_else_is_the_only_fault(given: str) -> None:
    with pytest.raises(PackFault) as caught:
        parse({"a/pack.toml": f'name = "a"\nextends = {given}\n'})
    (told,) = caught.value.facts["faults"]
    assert told.startswith("a/pack.toml 第 2 行：extends 应是一个规则包的名字")
