"""Suggestions while somebody is still talking (派单建议接口): departments, place, danger, what this caller said before."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from classifier.model import Suggestion
from dispatch import cards, sameness, view
from dispatch.storage import lookup
from dispatch.triage import gazetteer, suggest
from intake.masking import mask
from intake.phone import normal_phone
from intake.request import LONGEST_TEXT, clean
from rules.accept import emergency
from rules.access import READING_ROLES
from rules.errors import BadInput, NotAllowed
from rules.policy import Policy
from rules.routing import meant_by, shown_as
from rules.terms import Role, Urgency
from web.door import Asker, Keyed, say
from web.show import department_name, moment
from web.statuses import declared

router = APIRouter()

#: Who may be told what a caller said before, by the phone alone.
_MAY_ASK_BY_PHONE = (Role.OPERATOR, Role.DISPATCHER)
_MOST_SIMILAR = 10
_COMPARED = 2000


class SuggestBody(BaseModel):
    """诉求内容和（话务员、派单员可用的）来电号码."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=LONGEST_TEXT)]
    phone: Annotated[str | None, Field(max_length=40)] = None


class SuggestSaid(BaseModel):
    """派单建议."""

    labels: list[tuple[str, float]]
    categories: list[tuple[str, float]]
    abstain: bool
    place: dict[str, Any] | None
    urgency: str
    line: str | None
    similar: list[dict[str, Any]]
    card: dict[str, Any] | None
    terms: list[tuple[str, float]]
    spoke: list[list[tuple[str, float]]]
    model: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class _Danger:
    urgency: str
    line: str | None
    because: str | None


@router.post(
    "/api/suggest",
    response_model=None,
    responses={200: {"model": SuggestSaid, "description": "建议"}, **declared(401, 403)},
    summary="派单建议",
)
def post_suggest(body: SuggestBody, asker: Keyed) -> Response:
    """What the model, the places and the danger words of the pack say of a text; nothing is kept."""
    if not any(role in READING_ROLES for role in asker.actor.roles):
        raise NotAllowed("您的角色不能使用派单建议。")
    text = clean(body.text, "诉求内容")
    masked = mask(text).text
    policy = asker.desk.packs.active(asker.now)
    said = suggest(asker.desk, [masked], asker.now)[0]
    danger = _danger(text, policy)
    return say(
        {
            **_labels(said, text, policy),
            "place": _place(text, policy),
            "urgency": danger.urgency,
            "line": danger.line,
            "similar": _similar(asker, masked, body.phone),
            "card": _card(asker, masked, policy),
            "model": said.model if said else None,
            "detail": danger.because or _silence(asker, said),
        }
    )


def _labels(said: Suggestion | None, text: str, policy: Policy) -> dict[str, Any]:
    """The model's ranks; a label that is no department of the pack is said to be 不在目录, never left out."""
    if said is None:
        return {"labels": [], "departments": [], "categories": [], "abstain": True, "terms": [], "spoke": []}
    areas = tuple(dict.fromkeys(code for each in gazetteer(policy).find(text) for code in each.codes))
    named = [(meant_by(label, areas, policy), shown_as(label, areas, policy)) for label, _ in said.labels]
    return {
        "labels": [list(each) for each in said.labels],
        "departments": [{"code": found.code if found else None, "name": name} for found, name in named],
        "categories": [list(each) for each in said.categories],
        "abstain": said.abstain,
        "terms": [list(each) for each in said.terms],
        "spoke": [[list(each) for each in words] for words in said.spoke],
    }


def _silence(asker: Asker, said: Suggestion | None) -> str | None:
    return None if said else asker.desk.models.fault or "无模型，仅按规则派单。"


def _danger(text: str, policy: Policy) -> _Danger:
    found = emergency(text, policy.emergencies)
    if found is None:
        return _Danger(Urgency.NORMAL.value, None, None)
    return _Danger(Urgency.CRITICAL.value, found.line, found.because)


def _place(text: str, policy: Policy) -> dict[str, Any] | None:
    """The closest place named: the deepest level of the area tree, of equals the first."""
    spots = [(code, each) for each in gazetteer(policy).find(text) for code in each.codes]
    if not spots:
        return None
    code, mention = max(spots, key=lambda spot: policy.areas[spot[0]].level)
    area = policy.areas[code]
    return {"code": code, "name": area.name, "level": area.level, "words": text[mention.start : mention.end]}


def _card(asker: Asker, text: str, policy: Policy) -> dict[str, Any] | None:
    """The known event that the text is about, so that an operator can answer at once."""
    areas = list(dict.fromkeys(code for each in gazetteer(policy).find(text) for code in each.codes))
    with asker.desk.database.reading() as tx:
        found = cards.matching(tx, text, areas, policy, asker.now)
    if found is None:
        return None
    return {
        **{name: found[name] for name in ("id", "title", "answer", "department")},
        "department_name": department_name(policy, found["department"]),
        "ends_at": moment(found["ends_at"]),
    }


def _similar(asker: Asker, text: str, phone: str | None) -> list[dict[str, Any]]:
    if phone is None or not phone.strip():
        return []
    if not any(role in asker.actor.roles for role in _MAY_ASK_BY_PHONE):
        raise NotAllowed("按号码查以前的诉求须由话务员或派单员操作。")
    index = asker.desk.seal.index(normal_phone(phone))
    if index is None:
        raise BadInput("电话号码的格式不对。")
    sight = view.sight_of(asker.desk, asker.actor, asker.now)
    with asker.desk.database.reading() as tx:
        rows = lookup.open_of_caller(tx, index, _MOST_SIMILAR, sight)
    found = sameness.weighed(rows, text[:_COMPARED], text, asker.now, same_caller=True)
    return [
        {
            "number": each.number,
            "stage": each.row["stage"],
            "title": each.row["title"],
            "likeness": round(each.p, 4),
            "reasons": list(each.reasons),
        }
        for each in found
    ]
