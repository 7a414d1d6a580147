"""Whatever goes wrong: the right status, plain Chinese, no trace, and every status declared."""

import re

import pytest
import structlog

from dispatch.storage.database import DatabaseUnreachable
from web import receiving
from web.faults import in_chinese

SECRET = "张小三19900001234"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/api/tickets/", 404, None),
        ("DELETE", "/api/tickets", 405, "method_not_allowed"),
        ("PUT", "/healthz", 405, "method_not_allowed"),
        ("GET", "/api/tickets/1/sign", 405, "method_not_allowed"),
    ],
)
def test_wrong_addresses_and_methods_are_told_in_chinese(site, method, path, status, code):
    answer = site.ask(method, path, "operator")
    assert answer.status_code == status
    said = answer.json()
    assert set(said) <= {"code", "detail", "hint"} and re.search("[一-鿿]", said["detail"])
    assert code is None or said["code"] == code


def test_a_crash_says_nothing_of_what_people_wrote(site, monkeypatch):
    def crash(*_given):
        raise RuntimeError(f"could not write {SECRET}")

    monkeypatch.setattr(receiving, "receive", crash)
    with structlog.testing.capture_logs() as logged:
        answer = site.post(text=SECRET)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert SECRET not in answer.text and "Traceback" not in answer.text
    assert [each["event"] for each in logged] == ["request_crashed"]
    assert logged[0]["kind"] == "RuntimeError" and logged[0]["route"] == "/api/tickets"
    assert SECRET not in str(logged)
    assert 'status="500"' in site.ask("GET", "/metrics").text


def test_an_outage_of_the_database_is_503_and_says_nothing_was_kept(site, monkeypatch):
    site.key("operator")
    site.ask("GET", "/api/tickets", "operator")

    def away(*_given):
        raise DatabaseUnreachable(reason=SECRET)

    monkeypatch.setattr(receiving, "receive", away)
    answer = site.post()
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unreachable"
    assert SECRET not in answer.text


def test_pages_get_errors_as_pages(site):
    for path in ("/nothing", "/api", "/tickets/1/2"):
        answer = site.ask("GET", path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "没有这个地址" in answer.text


def test_many_mistakes_are_summed_up():
    errors = [{"type": "missing", "loc": ("body", f"field{n}"), "ctx": {}} for n in range(8)]
    assert in_chinese(errors) == "；".join(f"请填写 field{n}" for n in range(5)) + "；另有 3 处。"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"type": "something_new", "loc": ("body", "reason")}, "reason（理由） 填写有误。"),
        (
            {"type": "datetime_parsing", "loc": ("body", "until")},
            "until（复核日期） 应写成 2026-10-13 17:30 这样的时间。",
        ),
        ({"type": "list_type", "loc": ("body", "assists", 0)}, "assists（协办单位） 应是列表。"),
        ({"type": "missing", "loc": ("body",)}, "请填写 请求内容（JSON）。"),
        (
            {"type": "string_too_long", "loc": ("query", "q"), "ctx": {"max_length": 100}},
            "q（搜索词） 太长，最多 100 个字。",
        ),
    ],
)
def test_errors_of_the_validator_are_put_into_chinese(error, words):
    assert in_chinese([error]) == words


def test_every_route_declares_the_statuses_it_may_give(site):
    paths = site.ask("GET", "/openapi.json").json()["paths"]
    for path, methods in paths.items():
        if not path.startswith("/api/"):
            continue
        for method, said in methods.items():
            declared = set(said["responses"])
            assert {"400", "413", "422", "500", "503"} <= declared, (method, path)
            keyless = path.startswith("/api/public/")
            assert keyless or "401" in declared, (method, path)
            assert "429" in declared or not (keyless or (method, path) == ("post", "/api/tickets"))
            assert said["summary"]
            for status, answer in said["responses"].items():
                if status.startswith(("4", "5")):
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Fault"), (
                        path,
                        status,
                    )
