"""What the kind of contact does to a decision (联系方式): sessions, campaigns, the green lane, agents."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from rules.errors import BadInput
from rules.matching import RoutingFacts, why_not
from rules.occasions import effect, effects, filing, occasion_of
from rules.policy import Policy, parse
from rules.routing import route
from rules.terms import CHINA, Decision, TicketType, Urgency
from tests.packs import FILES

POLICY = parse(FILES)
NOON = datetime(2026, 3, 5, 12, 0, tzinfo=CHINA)


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=CHINA)


def decided(
    occasion: str | None = None, at: datetime = NOON, policy: Policy = POLICY, **cells: object
) -> Decision:
    """What routing and then the kind of contact make of a request."""
    seen = RoutingFacts(**{"text": "有件事要反映", "occasion": occasion, **cells})  # type: ignore[arg-type]
    return effect(seen, route(seen, policy, at), policy, at)


# --- Which session a request comes from ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "channel", "at", "found"),
    [
        ("head_line", "phone", on(3, 9), "head_line"),
        ("县长接听日", "phone", on(3, 9), "head_line"),
        (" ｈｅａｄ_line ", "leader_session", on(3, 10), "head_line"),
        ("head_line", "phone", on(3, 12, 59), "head_line"),  # written up within the grace
        ("weekly_line", "leader_session", on(4, 9), "weekly_line"),
        ("weekly_line", "leader_session", on(11, 15, 59), "weekly_line"),
        ("bus_plan", "web", on(10, 23, 59), "bus_plan"),
        (None, "leader_session", on(3, 9, 30), "head_line"),
        (None, "leader_session", on(4, 15), "weekly_line"),
        (None, "leader_session", on(4, 12), None),
        (None, "phone", on(3, 9, 30), None),  # a phone call is no leader session unless somebody says so
        (None, "visit", on(5, 15), "water_visit"),
        (None, "visit", on(5, 15).astimezone(UTC), "water_visit"),
        (None, "walk_in", on(5, 10), None),
        ("", "web", on(5, 10), None),
    ],
)
def test_a_session_is_found_by_its_code_its_name_or_its_channel(
    code: str | None, channel: str, at: datetime, found: str | None
) -> None:
    assert occasion_of(code, channel, at, POLICY) == found


@pytest.mark.parametrize(
    ("code", "channel", "at", "words", "hint"),
    [
        ("nobody", "phone", NOON, "没有“nobody”这样的接听", "head_line（县长接听日）"),
        ("nobody", "phone", NOON, "没有“nobody”这样的接听", "bus_plan（公交线路征集）"),
        ("deeds", "phone", NOON, "没有“deeds”这样的接听", "head_line"),  # a counter is booked, not attended
        (
            "head_line",
            "phone",
            on(3, 8, 59),
            "2026-03-03 09:00 到 2026-03-03 11:00",
            "现在进行的有：bus_plan",
        ),
        ("head_line", "phone", on(3, 13), "现在不在进行", "不填这一项"),
        ("weekly_line", "leader_session", on(4, 11), "每周三 09:00-11:00、15:00-16:00", "不填"),
        ("weekly_line", "leader_session", on(5, 9), "现在不在进行", "不填"),
        ("bus_plan", "web", on(11, 0), "现在不在进行", "不填这一项就可以提交"),
        ("water_visit", "phone", on(5, 15), "只登记这些渠道的诉求：下访", "请改正渠道"),
    ],
)
def test_a_session_that_is_unknown_over_or_of_another_channel_is_told_in_chinese(
    code: str, channel: str, at: datetime, words: str, hint: str
) -> None:
    with pytest.raises(BadInput) as caught:
        occasion_of(code, channel, at, POLICY)
    assert words in caught.value.detail
    assert hint in (caught.value.advice or "")


def test_of_two_visits_at_once_none_is_guessed() -> None:
    row = FILES["county/occasions.toml"].split("[[session]]")[3]
    second = row.replace("water_visit", "road_visit").replace("供水下访", "修路下访")
    two = parse({**FILES, "county/occasions.toml": FILES["county/occasions.toml"] + "\n[[session]]" + second})
    assert occasion_of(None, "visit", on(5, 15), two) is None
    assert occasion_of("road_visit", "visit", on(5, 15), two) == "road_visit"


def test_a_grace_that_passes_midnight_still_reaches_the_weekly_session() -> None:
    text = FILES["county/occasions.toml"].replace(
        'hours = ["09:00-11:00", "15:00-16:00"]', 'hours = ["20:00-24:00"]'
    )
    late = parse(
        {
            **FILES,
            "county/occasions.toml": text.replace(
                'channels = ["leader_session"]\n', 'channels = ["leader_session"]\ngrace_hours = 26\n'
            ),
        }
    )
    found = [
        at
        for at in range(0, 96)
        if late.occasions.sessions["weekly_line"].is_on(on(4, 0) + timedelta(hours=at))
    ]
    assert found == list(range(20, 50))


def test_a_moment_without_a_zone_is_refused_everywhere() -> None:
    naive = NOON.replace(tzinfo=None)
    seen = RoutingFacts("有件事")
    for call in (
        lambda: occasion_of(None, "visit", naive, POLICY),
        lambda: filing("grid", naive, POLICY),
        lambda: effect(seen, route(seen, POLICY, NOON), POLICY, naive),
    ):
        with pytest.raises(BadInput, match="时区"):
            call()


# --- What it does ------------------------------------------------------------------------------------------------


def test_an_ordinary_request_is_left_as_routing_decided() -> None:
    seen = RoutingFacts("又停水了")
    plain = route(seen, POLICY, NOON)
    assert effect(seen, plain, POLICY, NOON) == plain
    assert "effects" not in plain.details


def test_a_leader_session_raises_and_adds_who_follows_up() -> None:
    found = decided("head_line", text="又停水了")
    assert (found.department, found.rule) == ("water_supply", "water_words")
    assert found.assists == ("government_office",)
    assert found.details["urgency"] == "urgent"
    assert found.because.endswith(
        "派墨榆县自来水公司主办。诉求来自领导接听“县长接听日”（县长），墨榆县人民政府办公室协办，提为紧急。"
    )
    assert found.details["effects"] == [
        {
            "rule": "session.head_line",
            "because": "诉求来自领导接听“县长接听日”（县长）。",
            "clause": "测试：领导接听",
        }
    ]


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.CRITICAL])
def test_urgency_is_never_lowered_and_not_told_as_raised_when_it_stood(urgency: Urgency) -> None:
    found = decided("head_line", text="又停水了", urgency=urgency)
    assert "urgency" not in found.details
    assert "提为" not in found.because


def test_the_team_of_a_visit_takes_what_is_brought_and_the_department_helps() -> None:
    found = decided("water_visit", text="村里又停水了")
    assert (found.what, found.department, found.rule) == ("to_sign", "fire_rescue", "session.water_visit")
    assert found.assists == ("water_supply",)
    assert found.clause == "测试：下访"
    assert "由墨榆县消防救援大队主办，墨榆县自来水公司协办。原判断：符合派单规则“停水和水压”" in found.because


def test_off_the_topic_of_a_visit_routing_stands() -> None:
    found = decided("water_visit", text="有人占道经营")
    assert found.rule != "session.water_visit"
    assert "effects" not in found.details


def test_the_team_takes_what_routing_had_doubts_about() -> None:
    found = decided("open_day", text="想问一下书展的事")
    assert (found.what, found.department, found.assists) == ("to_sign", "government_office", ())
    assert "proposal" not in found.details and "assists" not in found.details
    ranked = decided(
        "open_day", text="想问一下书展的事", labels=(("公安局", 0.5),), model="m", category="gone"
    )
    assert ranked.department == "government_office" and ranked.category == "gone"


def with_rule(more: str) -> Policy:
    rule = f'[[rule]]\nid = "first"\nname = "先看"\nlead = "police"\nany_words = ["风筝"]\nclause = "x"\n{more}\n'
    return parse({**FILES, "county/routing.toml": rule + FILES["county/routing.toml"]})


def test_a_rule_under_review_stays_with_a_person_who_sees_the_team_first() -> None:
    policy = with_rule('review = true\nassists = ["housing"]')
    found = decided("open_day", policy=policy, text="风筝")
    assert (found.what, found.department, found.rule) == ("to_dispatch", None, "first")
    assert [each["department"] for each in found.details["proposal"]] == ["government_office", "police"]
    assert found.details["proposal"][0]["source"] == "session"
    assert found.details["assists"] == ["housing"]
    assert "建议由墨榆县人民政府办公室主办" in found.because


@pytest.mark.parametrize("occasion", ["open_day", "head_line", "bus_plan", "deeds"])
def test_a_complaint_about_officials_is_not_touched(occasion: str) -> None:
    policy = with_rule("restricted = true\nreview = true")
    seen = RoutingFacts("风筝公交", occasion=occasion, enterprise=True, type=TicketType.SUGGEST)
    plain = route(seen, policy, NOON)
    assert effect(seen, plain, policy, NOON) == plain


def test_praise_is_answered_as_before() -> None:
    found = decided("open_day", text="感谢自来水公司", type=TicketType.PRAISE, enterprise=True)
    assert (found.what, found.rule) == ("answered", "praise")


# --- Campaigns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("occasion", "kind", "text", "at", "answered"),
    [
        (None, TicketType.SUGGEST, "建议公交早点发车", on(5, 12), True),
        (None, TicketType.SUGGEST, "建议公交早点发车", on(1, 0), True),
        (None, TicketType.SUGGEST, "建议公交早点发车", on(10, 23, 59), True),
        (None, TicketType.SUGGEST, "建议公交早点发车", on(11, 0), False),
        (None, TicketType.SUGGEST, "建议路灯早点亮", on(5, 12), False),
        (None, TicketType.COMPLAIN, "公交又晚点", on(5, 12), False),
        (None, TicketType.OTHER, "公交又晚点", on(5, 12), False),
        ("bus_plan", TicketType.SUGGEST, "建议早班提前到六点", on(5, 12), True),
        (
            "bus_plan",
            TicketType.SUGGEST,
            "建议早班提前到六点",
            on(20, 12),
            True,
        ),  # it was on when it was said
        ("bus_plan", TicketType.OTHER, "公交早班提前到六点", on(5, 12), True),
        ("bus_plan", TicketType.OTHER, "司机打人了", on(5, 12), False),
        ("bus_plan", TicketType.COMPLAIN, "公交司机打人了", on(5, 12), False),
        ("weekly_line", TicketType.SUGGEST, "建议公交早点发车", on(4, 9), False),
    ],
)
def test_a_suggestion_within_its_time_is_thanked_and_copied(
    occasion: str | None, kind: TicketType, text: str, at: datetime, answered: bool
) -> None:
    found = decided(occasion, at=at, text=text, type=kind)
    assert (found.what == "answered") == answered
    assert (found.rule == "campaign.bus_plan") == answered
    assert (found.details.get("copy_to") == ["transport"]) == answered
    if answered:
        assert found.details["answer"] == "感谢您的建议，将一并研究。"
        assert found.department is None and found.assists == () and "proposal" not in found.details
        assert found.because == "意见征集“公交线路征集”期间提出的建议，已致谢，抄送墨榆县交通运输局。"


# --- The green lane ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "rule", "department", "assists", "urgency"),
    [
        ({"text": "又停水了"}, "lane.any_lane", "water_supply", ("industry",), "urgent"),
        (
            {"text": "又停水了", "urgency": Urgency.CRITICAL},
            "lane.any_lane",
            "water_supply",
            ("industry",),
            None,
        ),
        (
            {"text": "跳闸", "category": "power", "type": TicketType.HELP},
            "lane.power_lane",
            "industry",
            ("power_supply",),
            "critical",
        ),
        ({"text": "跳闸", "category": "power", "type": TicketType.SUGGEST}, None, "power_supply", (), None),
        ({"text": "占道经营", "category": "street_vending"}, None, "urban_management", (), None),
    ],
)
def test_an_enterprise_gets_its_lane_where_it_fits(
    cells: dict[str, object],
    rule: str | None,
    department: str,
    assists: tuple[str, ...],
    urgency: str | None,
) -> None:
    found = decided(enterprise=True, **cells)  # type: ignore[arg-type]
    assert (found.department, found.assists) == (department, assists)
    assert [each["rule"] for each in found.details.get("effects", [])] == ([rule] if rule else [])
    assert found.details.get("urgency") == urgency
    without = decided(**cells)  # type: ignore[arg-type]
    assert "effects" not in without.details and "urgency" not in without.details


def test_at_a_visit_the_team_leads_and_the_lane_only_helps() -> None:
    found = decided("open_day", text="跳闸", category="power", type=TicketType.HELP, enterprise=True)
    assert found.department == "government_office"
    assert found.assists == ("power_supply", "industry")
    assert found.details["urgency"] == "critical"
    assert [each["rule"] for each in found.details["effects"]] == ["session.open_day", "lane.power_lane"]


def test_a_doubt_keeps_who_would_help_for_the_person_who_decides() -> None:
    found = decided(text="工厂停产了", enterprise=True)
    assert found.what == "to_dispatch"
    assert found.details["assists"] == ["industry"]
    assert found.details["urgency"] == "urgent"


# --- A booked time, agents, rules that ask --------------------------------------------------------------------------


def test_a_booked_time_goes_to_the_department_of_the_counter_alone() -> None:
    found = decided("deeds", text="家里停水，另外想办房产证")
    assert (found.what, found.department, found.assists) == ("to_sign", "government_services", ())
    assert (found.rule, found.clause) == ("counter.deeds", "测试：预约")


@pytest.mark.parametrize(
    ("code", "at", "agent", "note"),
    [
        ("grid", on(1, 3), "grid", ""),
        ("网格员", on(1, 3), "grid", ""),
        ("village", on(3, 9), "village", ""),
        ("village", on(2, 16).astimezone(UTC), "village", "不是村代办员的值班日（周二、周四），照常登记。"),
        ("village", datetime(2026, 3, 2, 16, tzinfo=UTC), "village", ""),  # Tuesday in China
    ],
)
def test_an_agent_files_on_any_day_and_off_duty_is_noted(
    code: str, at: datetime, agent: str, note: str
) -> None:
    found = filing(code, at, POLICY)
    assert (found.agent.code, found.note) == (agent, note)


def test_somebody_who_may_not_file_for_others_is_told_who_may() -> None:
    with pytest.raises(BadInput) as caught:
        filing("邻居", NOON, POLICY)
    assert caught.value.detail == "没有“邻居”这样的代办员。"
    assert caught.value.advice == "可以填：grid（网格员）、village（村代办员）。"


def test_a_pack_that_has_none_says_so() -> None:
    bare = parse({name: text for name, text in FILES.items() if not name.endswith("occasions.toml")})
    with pytest.raises(BadInput) as caught:
        occasion_of("head_line", "phone", NOON, bare)
    assert caught.value.advice == "本地没有设置，请不要填这一项。"


@pytest.mark.parametrize(
    ("more", "fits", "fails", "why"),
    [
        ("enterprise = true", {"enterprise": True}, {"enterprise": False}, "没有写明是哪家企业的诉求"),
        (
            'occasions = ["deeds", "head_line"]',
            {"occasion": "head_line"},
            {"occasion": "open_day"},
            "不是在规定的接听、下访、征集或预约中提出的",
        ),
    ],
)
def test_a_dispatch_rule_may_ask_for_an_enterprise_or_an_occasion(
    more: str, fits: dict[str, object], fails: dict[str, object], why: str
) -> None:
    policy = with_rule(more)
    rule = policy.routing[0]
    assert why_not(rule, RoutingFacts("风筝", **fits), policy, NOON) is None  # type: ignore[arg-type]
    assert why_not(rule, RoutingFacts("风筝", **fails), policy, NOON) == why  # type: ignore[arg-type]
    assert why_not(rule, RoutingFacts("风筝"), policy, NOON) == why


@pytest.mark.parametrize("occasion", [None, "gone", *POLICY.occasions.sessions, "bus_plan", "deeds"])
@pytest.mark.parametrize("kind", list(TicketType))
@pytest.mark.parametrize("enterprise", [False, True])
@pytest.mark.parametrize("text", ["有件事", "村里停水", "公交停产", "摆摊"])
def test_whatever_meets_the_decision_is_whole(
    occasion: str | None, kind: TicketType, enterprise: bool, text: str
) -> None:
    found = decided(occasion, type=kind, enterprise=enterprise, text=text)
    json.dumps(found.details, ensure_ascii=False, allow_nan=False)
    assert found.what in ("to_sign", "to_dispatch", "answered")
    assert (found.what == "to_sign") == (found.department is not None)
    assert found.department not in found.assists and len(set(found.assists)) == len(found.assists)
    assert found.because.endswith("。") and found.pack == POLICY.hash
    told = [
        each.rule
        for each in effects(
            RoutingFacts(text, type=kind, enterprise=enterprise, occasion=occasion), POLICY, NOON
        )
    ]
    wanted = [] if kind is TicketType.PRAISE else told
    assert [each["rule"] for each in found.details.get("effects", [])] == wanted
