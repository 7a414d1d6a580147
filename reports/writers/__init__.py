"""Files out of report documents (报表文件): JSON for programs, HTML, Excel and Word for people."""

import importlib
import json
from collections.abc import Mapping
from typing import Any, Final

#: Each format is one module with `write(document) -> bytes`; loaded when asked for, as Excel and Word take long to load.
_WRITERS: Final[Mapping[str, str]] = {
    "html": "reports.writers.html",
    "xlsx": "reports.writers.xlsx",
    "docx": "reports.writers.docx",
}
#: What each format is called on the wire (媒体类型).
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
FORMATS: Final = tuple(MEDIA_TYPES)


def written(document: Mapping[str, Any], format: str) -> bytes:
    """The document as a file of one of FORMATS."""
    if format == "json":
        return json.dumps(document, ensure_ascii=False, indent=1).encode()
    made: bytes = importlib.import_module(_WRITERS[format]).write(document)
    return made
