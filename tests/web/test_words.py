"""Every code that can be shown has its Chinese word."""

from dispatch.storage.records import CLUE_STATES
from dispatch.storage.tables import CLOCK_STATES
from rules.bodies import BODIES
from rules.terms import Happened, Unit
from rules.wording import EVENT_WORDS, STATE_WORDS, UNIT_WORDS
from tests.stories import policy
from web.cards import CardBody
from web.receiving import CallerBody, TicketBody
from web.words import CLUE_WORDS, FIELD_WORDS, RECEIVER_WORDS


def test_every_event_state_and_unit_has_a_word():
    assert set(EVENT_WORDS) == set(Happened)
    assert set(STATE_WORDS) == set(CLOCK_STATES)
    assert set(UNIT_WORDS) == set(Unit)
    assert set(CLUE_WORDS) == set(CLUE_STATES)


def test_every_field_of_a_body_has_a_word():
    fields = {
        name for body in (*BODIES.values(), TicketBody, CallerBody, CardBody) for name in body.model_fields
    }
    assert fields - {"reference"} <= set(FIELD_WORDS)


def test_every_receiver_of_the_pack_has_a_word():
    assert set(policy().receivers) <= set(RECEIVER_WORDS)
