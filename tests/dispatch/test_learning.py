"""Which tickets may teach (可学工单): those of which people made sure, and nothing that is not theirs to tell."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dispatch.learning import Label, catalogue_alone, gather, label_for, labelled, sure_of, taught
from dispatch.storage import tickets
from rules.lessons import Lesson, lessons
from rules.pack_records import BY_PLACE
from rules.policy import parse
from rules.terms import Role
from tests.desks import CALLER_BACK, DISPATCHER, SUPERVISOR, act, of, post, rows, settle
from tests.packs import FILES
from tests.stories import at, policy

NOW = at("2026-09-28 10:00")
VAGUE = "这件事谁来管还不清楚。"
PIPE = "听橹家园停水一整天了"


def event(kind, actor="somebody", **data):
    return {"kind": kind, "actor": actor, "data": data}


def sent(actor="system", kind="dispatched", department="a"):
    return event(kind, actor, department=department)


SIGNED, RETURNED = event("signed", department="a"), event("returned")
REFUSED, GRANTED = event("return_settled", accepted=False), event("return_settled", accepted=True)
STORIES = [
    ("nothing happened", [], None),
    ("only received", [event("received")], None),
    ("sent by the machine alone", [sent()], None),
    ("sent by the machine and signed by the machine", [sent(), event("signed", "system")], None),
    ("sent by the machine and signed", [sent(), SIGNED], "a"),
    ("sent by the machine and closed", [sent(), event("closed", "system")], "a"),
    ("sent by a person", [sent("dispatcher")], "a"),
    ("reassigned by a person", [sent(), SIGNED, sent("chief", "reassigned", "b")], "b"),
    ("signed, then sent elsewhere by the machine", [sent(), SIGNED, sent(department="b")], None),
    ("sent by a person, returned and not settled", [sent("dispatcher"), RETURNED], None),
    ("returned, and the return granted", [sent("dispatcher"), RETURNED, GRANTED], None),
    ("returned, and the return refused", [sent("dispatcher"), RETURNED, REFUSED], "a"),
    ("by the machine, the return refused, not signed", [sent(), RETURNED, REFUSED], None),
    ("by the machine, the return refused, signed", [sent(), RETURNED, REFUSED, SIGNED], "a"),
    ("returned again", [sent("dispatcher"), RETURNED, REFUSED, RETURNED], None),
    ("returned and sent on", [sent(), RETURNED, GRANTED, sent("dispatcher", department="b")], "b"),
]


@pytest.mark.parametrize(
    ("events", "department"), [row[1:] for row in STORIES], ids=[row[0] for row in STORIES]
)
def test_the_department_is_sure_when_people_made_sure_of_it(events, department):
    assert sure_of(events) == department


def found(desk, since=NOW - timedelta(days=1), until=NOW + timedelta(days=30), history_too=False):
    with desk.database.reading() as tx:
        return labelled(tx, since, until, history_too)


def dispatched(desk, when=NOW, department="housing", **raw):
    """A ticket that a person sent to a department."""
    number = post(desk, when, **{"text": VAGUE, **raw}).number
    settle(desk, when)
    act(desk, number, "dispatch", DISPATCHER, when, department=department, reason="属其职责")
    return number


def test_without_a_ticket_there_is_nothing(desk):
    assert found(desk) == []
    material = gather(desk, NOW, 365, False)
    assert (material.own, material.left, material.catalogue) == ([], 0, lessons(policy()))
    assert material.told() == catalogue_alone(policy()).told()


def test_a_ticket_goes_through_the_desk_and_teaches_what_triage_read(desk):
    number = post(desk, NOW, title="停水", text=PIPE).number
    settle(desk, NOW)
    assert found(desk) == []  # the rule of the pack sent it, nobody has looked yet
    act(desk, number, "sign", of("water_supply", Role.LIAISON), NOW)
    (label,) = found(desk)
    assert label == Label(number, number, NOW, f"停水\n{PIPE}", "water_supply", label.category)


def test_the_final_lead_of_a_closed_ticket_counts(desk):
    number = dispatched(desk)
    act(desk, number, "reassign", SUPERVISOR, NOW, department="police", reason="应由对方承办")
    act(desk, number, "sign", of("police", Role.LIAISON), NOW)
    act(desk, number, "contact", of("police", Role.HANDLER), NOW, reached=True, words="已联系")
    act(desk, number, "reply", of("police", Role.HANDLER), NOW, words="已处理", solved=True)
    act(desk, number, "review", of("police", Role.DEPARTMENT_LEADER), NOW, level=1, approve=True)
    act(desk, number, "review", DISPATCHER, NOW, level=2, approve=True)
    act(desk, number, "call-back", CALLER_BACK, NOW, reached=True, solved=True, satisfied=True)
    assert [each.department for each in found(desk)] == ["police"]
    assert rows(desk, "SELECT stage FROM ticket") == [{"stage": "closed"}]


def test_a_returned_ticket_teaches_nothing_until_it_is_sent_on(desk):
    number = dispatched(desk)
    act(desk, number, "return", of("housing", Role.LIAISON), NOW, reason="不属于我们")
    assert found(desk) == []
    act(desk, number, "settle-return", DISPATCHER, NOW, accept=True, department="police", reason="成立")
    assert [each.department for each in found(desk)] == ["police"]


@pytest.mark.parametrize(
    "changes", [{"restricted": True}, {"stage": "merged"}, {"department": None}, {"department": "police"}]
)
def test_what_is_not_for_all_or_not_its_own_teaches_nothing(desk, changes):
    number = dispatched(desk)
    with desk.database.transaction() as tx:
        tickets.change(tx, number, changes)
    assert found(desk) == found(desk, history_too=True) == []


def test_imported_history_teaches_only_when_asked_for_and_only_where_people_acted(desk):
    acted, untouched = dispatched(desk), post(desk, NOW, text=PIPE).number
    settle(desk, NOW)
    with desk.database.transaction() as tx:
        for number in (acted, untouched):
            tickets.change(tx, number, {"history": True})
    assert found(desk) == []
    assert [each.number for each in found(desk, history_too=True)] == [acted]


def test_the_span_takes_its_first_instant_and_not_its_last(desk):
    first, second = dispatched(desk, NOW), dispatched(desk, NOW + timedelta(hours=1))
    assert [each.number for each in found(desk, NOW, NOW + timedelta(hours=1))] == [first]
    assert [each.number for each in found(desk, NOW + timedelta(hours=1))] == [second]
    assert gather(desk, NOW + timedelta(hours=1), 1, False).labels[0].number == first


def test_repeats_of_one_matter_belong_together(desk):
    one, two, three = (dispatched(desk, NOW + timedelta(hours=n), text=f"第{n}件。{VAGUE}") for n in range(3))
    with desk.database.transaction() as tx:
        tickets.change(tx, two, {"earlier": one})
        tickets.change(tx, three, {"earlier": two})
    assert {each.matter for each in found(desk)} == {one}
    assert set(gather(desk, NOW + timedelta(days=1), 2, False).groups.tolist()) == {0}


# --- As lessons of the pack -----------------------------------------------------------------------------------

LABEL = Label("n", "n", NOW, "有件事", "urban_management", "street_vending")


@pytest.mark.parametrize(
    ("label", "lesson"),
    [
        (LABEL, Lesson("有件事", "urban_management", "street_vending")),
        (replace(LABEL, category=None), Lesson("有件事", "urban_management", "")),
        (replace(LABEL, category="gone"), Lesson("有件事", "urban_management", "")),
        (replace(LABEL, department="police"), Lesson("有件事", "police", "")),  # not the catalogue's
        (replace(LABEL, department="lujian"), Lesson("有件事", BY_PLACE, "")),
        (
            replace(LABEL, department="lujian", category="village_affairs"),
            Lesson("有件事", BY_PLACE, "village_affairs"),
        ),
        (replace(LABEL, department="abolished"), None),
    ],
)
def test_a_label_is_a_lesson_of_the_pack_in_use_or_none(label, lesson):
    assert taught([label], policy()) == [lesson]


def test_a_township_that_the_catalogue_names_stands_for_itself():
    ponds = '\n[[category]]\ncode = "ponds"\nname = "鱼塘"\ndepartment = "lujian"\n'
    catalogue = "county/catalogue.toml"
    named = parse({**FILES, catalogue: FILES[catalogue] + ponds})
    assert (label_for("lujian", named), label_for("tongli", named)) == ("lujian", BY_PLACE)


@pytest.mark.parametrize(
    ("word", "label"),
    [("公安局", "police"), ("police", "police"), (BY_PLACE, BY_PLACE), ("气象局", None), ("", None)],
)
def test_a_models_own_word_is_read_as_a_label_of_the_pack(word, label):
    assert label_for(word, policy()) == label


def test_a_department_that_left_the_pack_is_counted_and_not_learnt(desk):
    kept, gone = dispatched(desk), dispatched(desk, text="另一件事也不清楚谁来管。")
    with desk.database.transaction() as tx:
        tickets.change(tx, gone, {"department": "abolished"})
        tx.connection().exec_driver_sql(
            f"UPDATE event SET data = '{{\"department\": \"abolished\"}}' WHERE ticket = '{gone}' AND kind = 'dispatched'"
        )
    material = gather(desk, NOW + timedelta(days=1), 30, False)
    assert ([each.number for each in material.labels], material.left) == ([kept], 1)


def test_material_is_named_by_pack_rows_and_newest_ticket(desk):
    dispatched(desk)
    material = gather(desk, NOW + timedelta(days=1), 30, False)
    told = material.told()
    assert (told["pack"], told["lessons"], told["labels"]) == (policy().hash, len(lessons(policy())), 1)
    assert told["until"] == NOW.isoformat()
    assert told["rows"] != catalogue_alone(policy()).told()["rows"]
    texts, matters = material.rows(np.zeros(1, np.bool_))
    assert (texts, set(matters)) == (material.catalogue, {""})
