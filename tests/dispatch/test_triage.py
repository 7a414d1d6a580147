"""Reading and routing (分拣): with a model, without one, with a broken one; what cannot be triaged goes to a person."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from classifier.train import fit, save
from dispatch import follow_up, packs, triage
from dispatch.storage import outbox
from dispatch.storage.database import DatabaseUnreachable
from dispatch.storage.outbox import MOST_ATTEMPTS
from rules.policy import parse
from tests.desks import DISPATCHER, OPERATOR, act, post, rows, settle
from tests.stories import at, policy

NOW = at("2026-09-28 10:00")
#: No rule of the demo county fires on these words.
VAGUE = "这件事谁来管还不清楚。"
PLACES = ["东边", "西边", "南边", "北边", "村口", "桥头", "学校旁", "医院旁", "车站旁", "小区里"]
ENDINGS = ["请尽快处理", "没有人管", "什么时候能解决", "影响生活", "希望核实", "已经说过一次"]


def phrases(departments):
    """Invented texts: for each department a phrase of letters that no other one has."""
    for n, department in enumerate(departments):
        for place in PLACES:
            for ending in ENDINGS:
                yield f"{place}的{chr(0x7532 + n) * 2}{chr(0x9EA6 + n)}机坏了，{ending}", department


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """A small model of the demo county's own departments and one that its pack does not know."""
    codes = [each.code for each in policy().departments.values() if each.kind == "bureau"]
    known = list(islice(codes, 4))
    texts, labels = zip(*phrases([*known, "邻县某局"]), strict=True)
    out = tmp_path_factory.mktemp("bundles") / "small"
    save(fit(list(texts), list(labels), now=datetime(2026, 9, 1, tzinfo=UTC)), out)
    return out, {department: text for text, department in zip(texts, labels, strict=True)}


def decided(desk):
    return rows(desk, "SELECT what, rule, because, model, department FROM decision ORDER BY id")


def stages(desk):
    return [each["stage"] for each in rows(desk, "SELECT stage FROM ticket ORDER BY number")]


def test_without_a_model_a_person_decides_and_the_reason_says_why(desk):
    post(desk, NOW, text=VAGUE)
    settle(desk, NOW)
    (decision,) = decided(desk)
    assert (decision["what"], decision["rule"], decision["model"]) == ("to_dispatch", "no_model", None)
    assert stages(desk) == ["to_dispatch"]


def test_with_a_model_that_is_sure_tickets_go_out_alone_and_name_its_version(desk, bundle):
    folder, said = bundle
    version = desk.models.activate(folder, "test", NOW)
    for department, text in said.items():
        if department in policy().departments:
            post(desk, NOW, text=text)
    settle(desk, NOW)
    for decision, expected in zip(decided(desk), said, strict=False):
        assert decision["model"] == version
        assert (decision["rule"], decision["what"], decision["department"]) == ("model", "to_sign", expected)


def test_a_label_that_the_pack_does_not_know_is_never_dispatched(desk, bundle):
    folder, said = bundle
    desk.models.activate(folder, "test", NOW)
    post(desk, NOW, text=said["邻县某局"])
    settle(desk, NOW)
    (decision,) = decided(desk)
    assert (decision["what"], decision["rule"], decision["department"]) == (
        "to_dispatch",
        "unknown_label",
        None,
    )
    assert "不在目录" in decision["because"]


@pytest.mark.parametrize("damage", ["truncated", "gone", "garbage", "no manifest", "not a folder"])
def test_a_bundle_that_breaks_after_it_was_activated_leaves_the_rules_alone(desk, bundle, damage):
    version = desk.models.activate(bundle[0], "test", NOW)
    kept = desk.models._folder / version
    file = sorted(kept.glob("*.npz"))[0]
    match damage:
        case "truncated":
            file.write_bytes(file.read_bytes()[:100])
        case "gone":
            file.unlink()
        case "garbage":
            file.write_bytes(b"\x00" * 1000)
        case "no manifest":
            (kept / "manifest.json").write_text("{")
        case _:
            for each in kept.iterdir():
                each.unlink()
            kept.rmdir()
            kept.write_text("")
    post(desk, NOW, text=VAGUE)
    settle(desk, NOW)
    assert [each["rule"] for each in decided(desk)] == ["no_model"]
    assert desk.models.fault


def test_a_ticket_that_a_person_answered_first_is_left_alone(desk):
    number = post(desk, NOW, text=VAGUE).number
    act(desk, number, "answer", OPERATOR, NOW, words="已答复")
    before = rows(desk, "SELECT * FROM ticket"), rows(desk, "SELECT * FROM clock")
    settle(desk, NOW)
    assert (rows(desk, "SELECT * FROM ticket"), rows(desk, "SELECT * FROM clock")) == before
    assert [each["state"] for each in rows(desk, "SELECT state FROM outbox WHERE kind = 'triage'")] == [
        "done"
    ]


def test_a_ticket_that_was_urged_before_triage_is_triaged_all_the_same(desk):
    number = post(desk, NOW, text=VAGUE).number
    act(desk, number, "urge", OPERATOR, NOW, words="快")
    settle(desk, NOW)
    assert stages(desk) == ["to_dispatch"]
    assert rows(desk, "SELECT kind, generation, state FROM clock") == [
        {"kind": "dispatch", "generation": 1, "state": "armed"}
    ]
    code = rows(desk, "SELECT code FROM department ORDER BY code")[0]["code"]
    act(desk, number, "dispatch", DISPATCHER, NOW, department=code, reason="属其职责")


def poisoned(monkeypatch, number):
    real = triage.judge

    def judge(ticket, *rest):
        if ticket["number"] == number:
            raise ValueError("poison")
        return real(ticket, *rest)

    monkeypatch.setattr(triage, "judge", judge)


def test_a_poisonous_ticket_fails_alone_and_goes_to_a_person_in_the_end(desk, monkeypatch):
    numbers = [post(desk, NOW, text=VAGUE).number for _ in range(5)]
    poisoned(monkeypatch, numbers[2])
    now = NOW
    settle(desk, now)
    assert stages(desk) == ["to_dispatch"] * 2 + ["received"] + ["to_dispatch"] * 2
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(minutes=6)
        settle(desk, now)
    assert stages(desk) == ["to_dispatch"] * 5
    (row,) = rows(desk, "SELECT state, attempts, error FROM outbox WHERE kind = 'triage' AND state <> 'done'")
    assert (row["state"], row["attempts"]) == ("dead", MOST_ATTEMPTS)
    assert "poison" in row["error"]
    last = decided(desk)[-1]
    assert (last["what"], last["rule"]) == ("to_dispatch", "triage_failed")
    assert rows(
        desk, "SELECT count(*) AS n FROM notice WHERE receiver = 'dispatcher' AND words LIKE '%人工派单%'"
    ) == [{"n": 1}]
    assert rows(desk, f"SELECT state FROM clock WHERE ticket = '{numbers[2]}'") == [{"state": "armed"}]


def test_a_model_that_chokes_on_one_text_does_not_stop_the_others(desk, monkeypatch):
    [post(desk, NOW, text=each) for each in (VAGUE, "毒药", VAGUE)]

    def suggest(_desk, texts, _now):
        if any("毒药" in text for text in texts):
            raise FloatingPointError
        return [None] * len(texts)

    monkeypatch.setattr(triage, "suggest", suggest)
    settle(desk, NOW)
    assert stages(desk) == ["to_dispatch", "received", "to_dispatch"]


def test_a_worker_that_dies_on_a_ticket_each_time_does_not_die_for_ever(desk):
    post(desk, NOW, text=VAGUE)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        assert outbox.claim(desk.database, "triage", 50, now)  # and killed
        now += timedelta(minutes=2)
    settle(desk, now)
    assert stages(desk) == ["to_dispatch"]
    assert [each["rule"] for each in decided(desk)] == ["triage_failed"]


def test_an_outage_counts_no_try_and_the_work_is_done_after_it(desk, monkeypatch):
    post(desk, NOW, text=VAGUE)

    def away(*_given):
        raise DatabaseUnreachable()

    with monkeypatch.context() as broken:
        broken.setattr(triage, "_read", away)
        for minutes in range(30):
            with pytest.raises(DatabaseUnreachable):
                triage.drain(desk, NOW + timedelta(minutes=minutes))
    assert rows(desk, "SELECT attempts, state FROM outbox") == [{"attempts": 0, "state": "ready"}]
    settle(desk, NOW + timedelta(hours=1))
    assert stages(desk) == ["to_dispatch"]


def test_a_batch_is_as_large_as_it_is_and_no_row_is_left(desk, monkeypatch):
    monkeypatch.setattr(triage, "BATCH", 3)
    for _ in range(7):
        post(desk, NOW, text=VAGUE)
    assert [triage.drain(desk, NOW) for _ in range(4)] == [3, 3, 1, 0]
    assert set(stages(desk)) == {"to_dispatch"}


def test_an_empty_desk_has_nothing_to_do(desk):
    assert triage.drain(desk, NOW) == follow_up.drain(desk, NOW) == 0


#: A sentence for each ground of refusal: the nation's own worked cases.
NATIONAL = parse(packs.read_folder("national", with_cases=True)).cases
SAID = {each.wants["refusal"]: each.text for each in NATIONAL if "refusal" in each.wants}


@pytest.mark.parametrize("reason", policy().refusals, ids=lambda each: each.code)
def test_a_matter_that_may_not_be_the_hotlines_is_for_a_person_who_is_shown_why(desk, reason):
    post(desk, NOW, text=SAID[reason.code])
    settle(desk, NOW)
    (decision,) = decided(desk)
    assert (decision["what"], decision["rule"]) == ("to_dispatch", "refusal")
    assert reason.name in decision["because"]
