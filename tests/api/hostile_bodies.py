"""Bodies that no honest client sends: every trap of JSON, and every way to spoil a good body."""

import json
from collections.abc import Iterator
from typing import Any

Json = Any
Spoilt = tuple[str, bytes]

KIBIBYTE = 1024
DEPTHS = (100, 300, 500, *range(850, 1000, 7), 1500, 5000, 100_000)
"""Around Python's recursion limit of 1000 frames, one step fits into a parser and the next does not."""

ALWAYS_WRONG: dict[str, bytes] = {
    "an array that never ends": b"[" * 100_000,
    "an object that never ends": b'{"a":' * 40_000,
    "a bare array": b"[]",
    "a bare text": b'"text"',
    "a bare null": b"null",
    "a bare true": b"true",
    "a bare number": b"0",
    "a bare NaN": b"NaN",
    "NaN": b'{"x":NaN}',
    "Infinity": b'{"x":Infinity}',
    "-Infinity": b'{"x":-Infinity}',
    "1e999": b'{"x":1e999}',
    "-1e999": b'{"x":-1e999}',
    "1e131071": b'{"x":1e131071}',
    "5000 digits": b'{"x":' + b"9" * 5000 + b"}",
    "4000 digits": b'{"x":-' + b"9" * 4000 + b"}",
    "100 000 digits behind the point": b'{"x":0.' + b"1" * 100_000 + b"}",
    "a leading zero": b'{"x":01}',
    "a plus": b'{"x":+1}',
    "a bare point": b'{"x":.5}',
    "a hexadecimal number": b'{"x":0x10}',
    "a lone surrogate": b'{"x":"\\ud800"}',
    "a lone low surrogate": b'{"x":"\\udfff"}',
    "a pair the wrong way round": b'{"x":"\\udc00\\ud800"}',
    "a lone surrogate as a key": b'{"\\ud800":1}',
    "a lone surrogate deep inside": b'{"x":[{"y":["\\udabc"]}]}',
    "a surrogate in UTF-8": b'{"x":"\xed\xa0\x80"}',
    "NUL": b"\0",
    "NUL in a text": b'{"x":"\0"}',
    "NUL escaped": b'{"x":"\\u0000"}',
    "NUL escaped in a key": b'{"\\u0000":1}',
    "a raw line break in a text": b'{"x":"\n"}',
    "a key that stands twice": b'{"x":1,"x":1}',
    "a key that stands twice deep inside": b'{"x":[{"y":1,"y":2}]}',
    "a key that stands twice, once escaped": b'{"x":1,"\\u0078":1}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"x":1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"x":1}'.encode("utf-16-be"),
    "UTF-32": '{"x":1}'.encode("utf-32"),
    "Latin-1": '{"ü":"ü"}'.encode("latin-1"),
    "an overlong sequence": b'{"x":"\xc0\xaf"}',
    "beyond Unicode": b'{"x":"\xf5\x80\x80\x80"}',
    "a space of another kind": "\u00a0{}".encode(),
    "an open brace": b"{",
    "half a key": b'{"x',
    "a key alone": b'{"x":',
    "a missing brace": b'{"x":1',
    "a comma too many": b'{"x":1,}',
    "two objects": b"{} {}",
    "a tail": b"{}x",
    "a comment": b"/**/{}",
    "single quotes": b"{'x':1}",
    "a bare key": b"{x:1}",
    "a bad escape": b'{"x":"\\x00"}',
    "half an escape": b'{"x":"\\u12"}',
    "a form": b"restaurant_id=1&fulfilment=pickup",
    "a percent-encoded object": b"%7B%7D",
    "XML": b"<order/>",
    "a pickle": b"\x80\x04N.",
    "all bytes": bytes(range(256)),
    "a field of nobody's": b'{"colour":"red"}',
    "a field of Python's": b'{"__class__":{"__init__":1}}',
    "an empty key": b'{"":1}',
    "a text of 200 KB": b'{"x":"' + b"x" * 200 * KIBIBYTE + b'"}',
    "20 000 fields": json.dumps(dict.fromkeys(map(str, range(20_000)))).encode(),
    "257 KB": b'{"x":"' + b"x" * 257 * KIBIBYTE + b'"}',
    **{f"{depth} arrays deep": b'{"x":' + b"[" * depth + b"]" * depth + b"}" for depth in DEPTHS},
    **{f"{depth} deep with an escape": b'{"x\\u0041":' + b"[" * depth + b"]" * depth + b"}" for depth in DEPTHS},
}


def spoilt(good: Json) -> Iterator[Spoilt]:
    """A good body spoilt at each of its places in turn, by a value of a wrong kind, size or script."""
    yield from ((name, json.dumps(body).encode()) for name, body in _misfits(good))
    text = json.dumps(good).encode()
    if good:
        yield "a field that stands twice", text[:-1] + b"," + text[1:]
        yield "cut short", text[:-1]
        yield "cut in the middle", text[: len(text) // 2]
        yield "UTF-16", json.dumps(good).encode("utf-16")
        yield "a byte order mark", b"\xef\xbb\xbf" + text
    yield "a list of it", b"[" + text + b"]"
    yield "it, as a text", json.dumps(text.decode()).encode()
    yield "it, twice", text + text


def _misfits(good: Json) -> Iterator[tuple[str, Json]]:
    for path, value in _places(good):
        for misfit in _unlike(value):
            yield f"{'/'.join(map(str, path))} = {str(misfit)[:20]!a}", _with(good, path, misfit)
        if isinstance(value, dict):
            yield f"{path} with a field of nobody's", _with(good, path, {**value, "colour": "red"})


def _places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    yield path, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in entries:
        yield from _places(part, (*path, key))


def _unlike(value: Json) -> tuple[Json, ...]:
    """Values that cannot stand where ``value`` does."""
    match value:
        case bool():
            return ("true", 0, 1, 1.0, [], {})
        case int():
            return ("1", 1.5, True, None, [], {}, float("inf"), float("nan"), 10**400, -(10**30))
        case float():
            return ("1.5", True, None, [], {}, float("inf"), float("nan"), 10**400, 1e30)
        case str():
            return (True, 7, -1.5, [], {}, [value], "", " ", "\0", f"{value}\0", f"{value}\x1b", "\ud83c", "x" * 10_000)
        case list():
            return ("x", 1, True, None, {}, {"0": value})
        case dict():
            return ("x", 1, True, [], [value], *(() if value else (None,)))
    raise AssertionError(value)


def _with(whole: Json, path: tuple[str | int, ...], misfit: Json) -> Json:
    if not path:
        return misfit
    copy = whole.copy()
    copy[path[0]] = _with(whole[path[0]], path[1:], misfit)
    return copy
