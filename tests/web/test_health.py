"""Alive, ready part by part, and figures for Prometheus."""

import re

import api
from dispatch.jobs import Doorbell
from tests.desks import new_desk
from tests.web.conftest import TestClient


def test_alive_needs_no_database(site, monkeypatch):
    monkeypatch.setattr(type(site.desk.database), "reading", None)
    assert site.ask("GET", "/healthz").json() == {"status": "ok"}


def test_ready_names_every_part(both):
    answer = both.ask("GET", "/readyz")
    said = answer.json()
    assert answer.status_code == 200 and said["ready"] is True
    assert said["parts"].keys() == {"database", "key", "pack", "queue", "model", "clock"}
    assert said["parts"]["model"] == {"ok": True, "detail": "无模型，仅按规则派单。"}
    assert said["outbox"] == {"waiting": {}, "age_seconds": 0.0, "dead": 0}
    assert said["oldest_overdue_step_seconds"] == 0.0
    assert (said["repairs"], said["audit_age_seconds"]) == ({}, None)


def test_a_backlog_shows_with_its_age(both):
    both.post()
    both.later(minutes=5)
    said = both.ask("GET", "/readyz").json()
    assert said["outbox"]["waiting"] == {"triage": 1}
    assert said["outbox"]["age_seconds"] == 300.0


def test_without_a_pack_nothing_can_be_accepted(site):
    with site.desk.database.transaction() as tx:
        tx.connection().exec_driver_sql("DELETE FROM activation")
    site.later(seconds=60)
    answer = site.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["pack"]["hint"].startswith("请运行 hotline init")
    assert site.post().status_code == 503


def test_a_database_that_is_behind_is_not_ready(site):
    with site.desk.database.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    answer = site.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert "hotline migrate" in answer.json()["parts"]["database"]["hint"]


def test_a_queue_that_is_away_does_not_stop_accepting(tmp_path, site):
    bell = Doorbell("redis://127.0.0.1:1/0")
    with (
        new_desk(tmp_path / "b", bell=bell) as desk,
        TestClient(api.create_app(desk, lambda: site.now)) as client,
    ):
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["parts"]["queue"] == {"ok": False, "detail": "处理暂停，受理照常。"}
        headers = {"Idempotency-Key": "a-key-nobody-guesses"}
        posted = client.post("/api/tickets", json={"channel": "web", "text": "路灯不亮"}, headers=headers)
        assert posted.status_code == 201
        assert "hotline_queue_up 0.0" in client.get("/metrics").text


def test_metrics_count_by_template_and_never_by_number(both):
    number = both.post().json()["number"]
    both.ask("GET", f"/api/tickets/{number}", "operator")
    both.ask("GET", "/nowhere/to/be/found")
    both.later(seconds=30)
    text = both.ask("GET", "/metrics").text
    assert 'hotline_requests_total{method="POST",route="/api/tickets",status="201"} 1.0' in text
    assert 'hotline_requests_total{method="GET",route="/api/tickets/{number}",status="200"} 1.0' in text
    assert 'route="unmatched",status="404"' in text
    assert number not in text and "nowhere" not in text
    assert 'hotline_accepted_total{outcome="new"} 1.0' in text
    assert 'hotline_outbox_waiting{kind="triage"} 1.0' in text
    assert re.search(r"^hotline_outbox_age_seconds 3\d\.0$", text, re.M)
    assert "hotline_database_up 1.0" in text


def test_each_application_counts_for_itself(site, tmp_path):
    site.post()
    with new_desk(tmp_path / "other") as desk, TestClient(api.create_app(desk, lambda: site.now)) as client:
        assert 'route="/api/tickets"' not in client.get("/metrics").text
