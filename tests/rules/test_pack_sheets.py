"""A pack laid over those it extends (规则包逐层合并): replaced, added, dropped, and where each value comes from."""

import pytest

from rules.errors import PackFault
from rules.pack_view import Value, merged
from rules.policy import Policy, parse
from rules.terms import Budget, ClockKind, TicketType, Unit, Urgency
from rules.worktime import Window
from tests.packs import FILES

HEAD = 'name = "city"\ntitle = "某市规则包"\nregion = "某市"\narea_code = "999001"\nextends = "county"\n'


def city(head: str = "", **files: str) -> dict[str, str]:
    """A pack that extends the county's, with `head` at the end of its pack.toml and these further files."""
    own = {f"city/{name}.toml": text for name, text in files.items()}
    return {"city/pack.toml": HEAD + head, **own, **FILES}


def limit(id: str, amount: int, more: str = "") -> str:
    return f'[[limit]]\nid = "{id}"\nclock = "handle"\n{more}\namount = {amount}\nunit = "workdays"\nclause = "x"\n'


def faults(files: dict[str, str]) -> list[str]:
    with pytest.raises(PackFault) as caught:
        parse(files)
    found = caught.value.facts["faults"]
    assert isinstance(found, list)
    return found


def value(files: dict[str, str], table: str, key: str) -> Value:
    return next(each for each in merged(files) if (each.table, each.key) == (table, key))


def handling(policy: Policy, kind: str = "help") -> float:
    found = policy.limit(ClockKind.HANDLE, TicketType(kind), Urgency.NORMAL)
    assert found is not None
    return found.budget.amount


@pytest.fixture(scope="module")
def county() -> Policy:
    return parse(FILES)


def test_a_pack_that_writes_nothing_is_the_one_it_extends_under_its_own_name(county: Policy) -> None:
    policy = parse(city())
    assert (policy.name, policy.chain) == ("city", ("city", "county", "hunan-template", "national"))
    for part in (
        "limits",
        "ladder",
        "routing",
        "returns",
        "departments",
        "categories",
        "refusals",
        "windows",
    ):
        assert getattr(policy, part) == getattr(county, part)
    assert policy.hash != county.hash
    assert policy.cases == ()  # the county's worked cases need not hold in the city


def test_a_row_of_the_same_id_replaces_the_one_above_where_that_stood(county: Policy) -> None:
    more = 'types = ["help", "suggest"]\nurgencies = ["normal"]'
    files = city(limits=limit("handle_help_suggest", 4, more))
    policy = parse(files)
    assert (handling(policy), handling(county)) == (4, 7)
    assert [row.id for row in policy.limits] == [row.id for row in county.limits]
    found = value(files, "limit", "handle_help_suggest")
    assert (found.pack, found.path, found.line) == ("city", "city/limits.toml", 1)
    assert len(found.replaces) == 1 and found.replaces[0].startswith("hunan-template/limits.toml 第 ")


def test_a_new_row_of_an_ordered_table_comes_first_and_a_new_one_elsewhere_last(county: Policy) -> None:
    receiver = '[[receiver]]\ncode = "mayor"\nname = "市长"\nrole = "manager"\nscope = "hotline"\n'
    policy = parse(
        city(limits=limit("handle_quick", 2, 'types = ["help"]\nurgencies = ["normal"]'), ladder=receiver)
    )
    assert policy.limits[0].id == "handle_quick"
    assert (handling(policy), handling(policy, "suggest")) == (2, 7)
    assert list(policy.receivers)[-1] == "mayor"
    assert list(policy.receivers)[:-1] == list(county.receivers)


def test_a_routing_rule_of_the_city_wins_over_those_it_extends(county: Policy) -> None:
    rule = '[[rule]]\nid = "drone"\nname = "无人机"\nany_words = ["停水"]\nlead = "police"\nclause = "x"\n'
    policy = parse(city(routing=rule))
    assert [each.id for each in policy.routing] == ["drone", *(each.id for each in county.routing)]


def test_dated_versions_of_a_rule_are_replaced_together() -> None:
    rule = '[[rule]]\nid = "move_car"\nname = "挪车"\nany_words = ["挪车"]\nlead = "{}"\nclause = "x"\nvalid_{} = {}\n'
    twice = rule.format("police", "to", "2026-06-30") + rule.format("traffic_police", "from", "2026-07-01")
    policy = parse(city(routing=twice))
    assert [each.lead for each in policy.routing if each.id == "move_car"] == ["police", "traffic_police"]
    files = {"town/pack.toml": HEAD.replace("city", "town").replace("county", "city"), **city(routing=twice)}
    once = 'name = "挪车"\nany_words = ["挪车"]\nlead = "police"\nclause = "x"\n'
    policy = parse({**files, "town/routing.toml": f'[[rule]]\nid = "move_car"\n{once}'})
    assert [(each.lead, each.valid_to) for each in policy.routing if each.id == "move_car"] == [
        ("police", None)
    ]


def test_a_step_of_the_ladder_is_replaced_by_clock_and_step(county: Policy) -> None:
    step = '[[step]]\nclock = "handle"\nstep = "warn_50"\naction = "warn"\nshare = 0.4\nreceivers = ["handler"]\n'
    policy = parse(city(ladder=step + 'clause = "x"\n'))
    assert policy.steps(ClockKind.HANDLE, Urgency.NORMAL)[0].share == 0.4
    assert len(policy.ladder) == len(county.ladder)


@pytest.mark.parametrize(
    ("file", "key", "part", "left"),
    [
        ("returns", "seasonal_works", "suspensions", "awaiting_funds"),
        ("ladder", "handle.warn_50", "ladder", ""),
        ("acceptance", "outside", "refusals", ""),
        ("acceptance", "ill_now", "emergencies", ""),
        ("routing", "power_words", "routing", ""),
        ("channels", "forum", "channels", ""),
    ],
)
def test_a_row_is_dropped_by_name(county: Policy, file: str, key: str, part: str, left: str) -> None:
    policy = parse(city(**{file: f'drop = ["{key}"]\n'}))
    assert len(getattr(policy, part)) == len(getattr(county, part)) - 1


def test_a_row_dropped_and_written_anew_comes_before_the_others() -> None:
    row = limit("handle_help_suggest", 4, 'types = ["help", "suggest"]\nurgencies = ["normal"]')
    assert parse(city(limits=f'drop = ["handle_help_suggest"]\n{row}')).limits[0].id == "handle_help_suggest"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'drop = ["handle_hlep_suggest"]',
            "city/limits.toml 第 1 行：上级规则包的 limits.toml 里没有“handle_hlep_suggest”",
        ),
        ("drop = []", "city/limits.toml 第 1 行：drop 应是文字的列表"),
        ('drop = "handle_other"', "city/limits.toml 第 1 行：drop 应是文字的列表"),
        ("\ndrop = [1]", "city/limits.toml 第 2 行：drop 应是文字的列表"),
    ],
)
def test_a_drop_that_drops_nothing_is_a_fault(text: str, words: str) -> None:
    assert [each[: len(words)] for each in faults(city(limits=text + "\n"))] == [words]


def test_the_top_of_a_chain_has_nothing_to_drop() -> None:
    found = faults({**FILES, "national/limits.toml": 'drop = ["sign"]\n' + FILES["national/limits.toml"]})
    assert [each for each in found if each.startswith("national/limits.toml 第 1 行：上级规则包")]


def test_a_dropped_row_that_is_needed_is_missed() -> None:
    assert [each for each in faults(city(limits='drop = ["sign"]\n')) if "时钟 sign 没有写" in each]


def test_a_single_table_is_replaced_whole_so_that_no_clause_stands_by_a_foreign_number() -> None:
    half = '[extension]\ntimes = 1\namount = 2\nunit = "workdays"\nbefore_expiry = true\n'
    assert faults(city(returns=half)) == ["city/returns.toml 第 1 行：缺少 clause。请在这一条里写上 clause"]
    files = city(returns=half + 'clause = "某市规定"\n')
    policy = parse(files)
    assert (policy.extensions.times, policy.extensions.each) == (1, Budget(2, Unit.WORKDAYS))
    assert value(files, "extension", "extension").replaces[0].startswith("national/returns.toml 第 ")


def test_a_choice_is_taken_from_the_nearest_pack_and_needs_its_own_source() -> None:
    found = faults(city('windows = ["08:00-12:00"]\n'))
    assert len(found) == 1
    assert found[0].startswith(
        "city/pack.toml 第 6 行：windows 改了，clauses 里的出处还是 national/pack.toml 第"
    )
    files = city('windows = ["08:00-12:00"]\n[clauses]\nwindows = "某市作息规定"\n')
    assert parse(files).windows == (Window(480, 720),)
    choice = value(files, "", "windows")
    assert (choice.path, choice.line, choice.clause) == ("city/pack.toml", 6, "某市作息规定")
    assert parse(files).gate == 0.9


@pytest.mark.parametrize("key", ["name", "title", "region", "area_code"])
def test_what_a_pack_says_of_itself_is_never_inherited(key: str) -> None:
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(key))
    found = faults({**FILES, "city/pack.toml": head})
    assert [each for each in found if each.startswith("city/pack.toml 第 1 行：缺少 " + key)] == found


def test_a_row_of_the_city_that_hides_one_above_is_told_where_the_city_wrote_it() -> None:
    found = faults(city(limits=limit("handle_all", 9)))
    assert found and all(each.startswith("city/limits.toml 第 2 行：时限“") for each in found)
    assert all("（它在 " in each and 'drop = ["' in each for each in found)
    rule = '[[rule]]\nid = "all"\nname = "全部"\nlead = "police"\nclause = "x"\n'
    found = faults(city(routing=rule))
    assert found and all(each.startswith("city/routing.toml 第 2 行：规则“") for each in found)


def test_a_fault_of_a_pack_above_is_told_with_its_own_name_and_line() -> None:
    text = FILES["national/limits.toml"].replace("amount = 60\n", "amount = 0\n")
    line = text[: text.index("amount = 0\n")].count("\n") + 1
    found = faults({**city(), "national/limits.toml": text})
    assert found[0].startswith(f"national/limits.toml 第 {line} 行：amount 应在")


def test_every_merged_value_of_a_pack_names_a_line_that_holds_it() -> None:
    for each in merged(FILES):
        line = FILES[each.path].splitlines()[each.line - 1]
        assert line.startswith(f"{each.key} = " if each.table == "" else "["), each.place
    shown = [each.as_dict() for each in merged(FILES)]
    assert {each["origin"]["pack"] for each in shown} == {"county", "hunan-template", "national"}
    assert any(each["assumed"] for each in shown) and not all(each["assumed"] for each in shown)


def test_a_pack_that_was_kept_whole_under_bare_names_still_means_the_same(county: Policy) -> None:
    """As the desk kept packs before there was `extends`."""
    whole: dict[str, str] = {}
    for path, text in FILES.items():
        name = path.split("/")[1]
        if name != "pack.toml":
            whole[name] = whole.get(name, "") + "\n" + text
    choices = FILES["national/pack.toml"].split("abstract = true")[1]
    own = "".join(
        line for line in FILES["county/pack.toml"].splitlines(True) if not line.startswith("extends")
    )
    policy = parse({**whole, "pack.toml": own + choices})
    assert (policy.chain, policy.extends) == (("",), None)
    for part in ("limits", "ladder", "routing", "returns", "departments", "refusals", "windows", "cases"):
        ours, theirs = getattr(policy, part), getattr(county, part)
        assert len(ours) == len(theirs) if part == "cases" else ours == theirs
