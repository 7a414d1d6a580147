"""How words come into an act (操作内容的写法): without what nobody sees, bounded, nothing unknown beside them."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: Control characters but tab and newline, and marks that nobody sees: databases refuse the first (NUL), and words made
#: of the second alone are blank. The same set as at intake, which rules may not import.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]")


def _seen(value: Any) -> Any:
    return _UNSEEN.sub("", value) if isinstance(value, str) else value


#: What is left of it is then stripped and measured.
Said = Annotated[str, BeforeValidator(_seen)]
Words = Annotated[Said, Field(min_length=1, max_length=5000)]
Reason = Annotated[Said, Field(min_length=1, max_length=1000)]
Code = Annotated[Said, Field(min_length=1, max_length=64)]


class Body(BaseModel):
    """The fields of one act; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Nothing(Body):
    """For acts that need no words: sign, resume, close."""
