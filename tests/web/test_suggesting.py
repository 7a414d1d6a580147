"""Suggestions while somebody is talking."""

from classifier.model import Suggestion
from tests.desks import settle


def suggest(site, **body):
    answer = site.ask("POST", "/api/suggest", "operator", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_without_a_model_it_says_so_and_still_finds_place_and_danger(site):
    said = suggest(site, text="桐鲤街道滨河路路灯不亮")
    assert (said["labels"], said["categories"], said["abstain"], said["model"]) == ([], [], True, None)
    assert "无模型" in said["detail"]
    assert said["place"]["name"] == "桐鲤街道"
    assert (said["urgency"], said["line"]) == ("normal", None)


def test_danger_to_life_is_critical_and_names_the_line(site):
    said = suggest(site, text="有人要跳楼，快来")
    assert (said["urgency"], said["line"]) == ("critical", "110")
    assert "110" in said["detail"]


def test_labels_that_are_no_department_are_said_to_be_missing(site, monkeypatch):
    class Fixed:
        version = "v1"

        def suggest_many(self, texts):
            ranks = (("police", 0.8), ("某个不在目录的单位", 0.2))
            return [Suggestion(ranks, (("noise", 0.7),), False, ((("路灯", 0.5),),), "v1") for _ in texts]

    monkeypatch.setattr(type(site.desk.models), "active", lambda _self, _now: Fixed())
    said = suggest(site, text="路灯不亮")
    assert said["labels"][0] == ["police", 0.8]
    assert [each["code"] for each in said["departments"]] == ["police", None]
    assert said["departments"][1]["name"] == "不在目录"
    assert (said["abstain"], said["model"], said["terms"]) == (False, "v1", [["路灯", 0.5]])


def test_earlier_open_tickets_of_the_caller_come_most_like_first(both):
    lamp = both.post(text="滨河路路灯不亮，晚上看不见", caller={"phone": "19900001234"}).json()["number"]
    tap = both.post(text="家里自来水停了两天", caller={"phone": "19900001234"}).json()["number"]
    both.post(text="别人的路灯不亮", caller={"phone": "19900009999"})
    similar = suggest(both, text="滨河路的路灯还是不亮", phone="199-0000-1234")["similar"]
    assert [each["number"] for each in similar] == [lamp, tap]
    assert similar[0]["likeness"] > similar[1]["likeness"]
    assert suggest(both, text="路灯", phone="19900000000")["similar"] == []


def test_a_complaint_about_officials_is_not_among_what_a_caller_said_before(both):
    caller = {"phone": "19900001234"}
    number = both.post(text="公安局民警不作为", type="投诉", caller=caller).json()["number"]
    lamp = both.post(text="滨河路路灯不亮", caller=caller).json()["number"]
    settle(both.desk, both.now)
    assert both.read(number)["ticket"]["restricted"] is True
    similar = suggest(both, text="公安局民警不作为", phone="19900001234")["similar"]
    assert [each["number"] for each in similar] == [lamp]


def test_asking_keeps_nothing(both):
    suggest(both, text="路灯", phone="19900000000")
    with both.desk.database.reading() as tx:
        assert tx.connection().exec_driver_sql("SELECT count(*) FROM person").scalar() == 0


def test_a_phone_that_is_none_is_refused(site):
    answer = site.ask("POST", "/api/suggest", "operator", json={"text": "路灯", "phone": "12"})
    assert answer.status_code == 422
    assert "电话号码" in answer.json()["detail"]


def test_an_empty_text_gets_an_empty_suggestion(site):
    said = suggest(site, text="")
    assert (said["labels"], said["place"], said["abstain"]) == ([], None, True)
