"""Where in a JSON text a pointer points to: line and column, for people who edit it by hand."""

import json
import re

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()

Place = tuple[int, int]


def place_of(text: str, pointer: str, begin: int = 0) -> Place:
    """Line and column, counted from 1, of the deepest value on the way to ``pointer``; ``text`` must be JSON."""
    at = _skip(text, begin)
    for part in pointer.split("/")[1:]:
        try:
            inner = _inside(text, at, part.replace("~1", "/").replace("~0", "~"))
        except (IndexError, RecursionError):  # an empty body, or one nested nearly too deeply
            break
        if inner is None:
            break
        at = inner
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _inside(text: str, at: int, part: str) -> int | None:
    """Where the member or entry ``part`` of the value at ``at`` begins."""
    if text[at] == "{":
        return _member(text, _skip(text, at + 1), part)
    if text[at] == "[" and part.isdecimal():
        return _entry(text, _skip(text, at + 1), int(part))
    return None


def _member(text: str, at: int, name: str) -> int | None:
    while text[at] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            return at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] != ",":
            return None
        at = _skip(text, at + 1)
    return None


def _entry(text: str, at: int, index: int) -> int | None:
    while text[at] != "]":
        if index == 0:
            return at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] != ",":
            return None
        at, index = _skip(text, at + 1), index - 1
    return None


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()
