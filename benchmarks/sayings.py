"""Invented messages (虚构诉求) for load: phrases and places of the demo county, each with words and a caller of its own."""

import json
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from dispatch.simulation.sayings import Sayings
from rules.policy import Policy


def messages(policy: Policy, seed: int) -> Iterator[dict[str, Any]]:
    """Endless bodies for `POST /api/tickets`; the same seed gives the same row. No two share a text or a caller.

    Callers have numbers of the country code 999, which is nobody's.
    """
    dice, sayings = Random(seed), Sayings(policy)
    for n in count():
        said = sayings.draw(dice, f"{seed}-{n}")
        yield {
            "channel": "phone",
            "text": said.text,
            "type": dice.choice(("help", "complain", "consult", "suggest", "report")),
            "caller": {"name": f"来电人{n}", "phone": f"+999{seed % 1000:03d}{n:08d}"},
            "place": said.place,
        }


def bodies(policy: Policy, seed: int) -> Iterator[bytes]:
    """The same as JSON."""
    for each in messages(policy, seed):
        yield json.dumps(each, ensure_ascii=False).encode()
