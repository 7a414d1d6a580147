"""The page: well-formed, closed to the world, and deaf to what strangers write."""

import re
from xml.etree import ElementTree

import pytest

from reports.writers import html
from tests.reports import documents, invented

ALL = ["week", "empty", "single", "corrected", "year", "month", "megacity"]


def page(document):
    return html.write(document).decode()


def words(text):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())


@pytest.mark.parametrize("name", ALL)
def test_every_page_is_well_formed(name):
    root = ElementTree.fromstring(page(getattr(documents, name)()))
    assert root.tag == "html"


@pytest.mark.parametrize("name", ["week", "megacity"])
def test_a_page_has_no_script_and_nothing_from_outside(name):
    root = ElementTree.fromstring(page(getattr(documents, name)()))
    for each in root.iter():
        assert each.tag not in ("script", "link", "img", "iframe", "object", "form", "use", "image")
        assert not [key for key in each.attrib if key.startswith("on") or key in ("src", "style")]
        assert each.get("href", "#").startswith("#")
    style = "".join(root.find("head/style").itertext())
    assert "url(" not in style and "@import" not in style and "@font-face" not in style


def test_words_of_a_stranger_stay_words():
    document = documents.week(title="<img src=x onerror=alert(1)>", region='"><script>')
    document["tables"][0]["rows"][0]["name"] = "<b>局</b>{{ 7*7 }}"
    text = page(document)
    assert "<script" not in text and "<img" not in text and "<b>局" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;" in text
    assert "{{ 7*7 }}" in text
    titles = [("".join(each.itertext())).strip() for each in ElementTree.fromstring(text).iter("th")]
    assert invented.HOSTILE in titles


def test_figures_stand_with_numerator_and_denominator():
    document = documents.week()
    told = words(page(document))
    for rate in document["totals"]["rates"].values():
        assert f"{rate['percent']}% {rate['numerator']}/{rate['denominator']}" in told
    for row in document["tables"][0]["rows"][:5]:
        rate = row["rates"]["on_time_rate"]
        assert f"{row['name']} " in told
        assert f"{rate['percent']}% {rate['numerator']}/{rate['denominator']}" in told


def test_the_charts_use_neither_style_nor_script_so_that_a_page_of_the_desk_may_draw_them():
    source = (html.TEMPLATES / "charts.html").read_text(encoding="utf-8")
    drawn = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    assert "style" not in drawn and "<script" not in drawn and "href" not in drawn
    assert page(documents.week()).count("<svg") > 60


def test_heads_are_repeated_and_rows_are_not_broken_in_print():
    text = page(documents.week())
    assert "thead { display: table-header-group; }" in text
    assert re.search(r"tr, .*break-inside: avoid", text)
    assert "size: A4" in text


def test_an_empty_week_reads_sensibly():
    told = words(page(documents.empty()))
    assert "本期没有受理工单" in told and "无——本期没有“办结未答复”的工单。" in told
    assert "None" not in told and "%" not in told
    assert "<svg" not in page(documents.empty())


def test_the_same_document_gives_the_same_bytes():
    assert html.write(documents.week()) == html.write(documents.week())
