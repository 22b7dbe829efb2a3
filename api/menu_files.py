"""A whole menu out and in, as JSON or CSV: a dry run tells the differences, and each mistake its line and column."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import falcon
import orjson

from api import conditional, paging
from api.body import MENU_MAX_BYTES, BodyMalformed, MediaTypeUnsupported, RequestInvalid, media_type, parse, read_any
from api.consistency import Token
from api.context import meta
from api.json_places import place_of
from api.operation import Parameter, Services
from api.restaurants import restaurant_uuid
from api.transact import stood, transact
from domain.errors import Refusal
from domain.restaurant.commands import PublishMenu
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.errors import RestaurantUnknown
from domain.restaurant.menu_csv import Table, read, write
from domain.restaurant.menu_diff import Differences, differences
from domain.restaurant.state import Restaurant

CSV, JSON = "text/csv", "application/json"
MISTAKES_MAX = 25
"""Each costs a walk through the file to find its place."""
FORMAT = Parameter(name="format", description="What to write.", schema={"type": "string", "enum": ["json", "csv"]})
DRY_RUN = Parameter(
    name="dry_run", description="true: tell the differences, change nothing.", schema={"enum": ["true", "false"]}
)

Where = Callable[[str], tuple[int, int]]


class MenuImportRefused(RequestInvalid):
    """Some of the menu is not what it should be; errors say where, at most the first 25."""


class MenuExport:
    """``/v1/restaurants/{restaurant_id}/menu/export``: the whole menu as a file."""

    def __init__(self, services: Services) -> None:
        """Read from the store: what is exported is never stale."""
        self._store = services.store

    def on_get(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """JSON as ``PUT /menu`` takes it, or CSV."""
        paging.known_only(req, FORMAT)
        kind = paging.parameter(req, "format", _one_of("json", "csv"), "json or csv") or "json"
        found = stood(self._store, RESTAURANT, restaurant_uuid(restaurant_id))
        if found.state is None:
            raise RestaurantUnknown
        items = found.state.menu.values()
        resp.set_header("ETag", conditional.etag(found.version))
        resp.set_header("Content-Disposition", f'attachment; filename="menu.{kind}"')
        if kind == "csv":
            resp.content_type = CSV
            resp.data = write(items).encode()
            return
        resp.content_type = falcon.MEDIA_JSON
        resp.data = orjson.dumps({"items": [item.model_dump(mode="json") for item in items]})


class MenuImport:
    """``/v1/restaurants/{restaurant_id}/menu/import``: the whole menu out of a file."""

    def __init__(self, services: Services) -> None:
        """Change in ``services.store``."""
        self._store, self._clock = services.store, services.clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, restaurant_id: str) -> None:
        """Replace the menu, or only tell what that would change."""
        paging.known_only(req, DRY_RUN)
        dry = paging.parameter(req, "dry_run", _one_of("true", "false"), "true or false") == "true"
        stream_id = restaurant_uuid(restaurant_id)
        raw = read_any(req, MENU_MAX_BYTES)
        demanded = conditional.demanded_version(req)
        before = stood(self._store, RESTAURANT, stream_id)
        if before.state is None:
            raise RestaurantUnknown
        conditional.require(demanded, before.version)
        kind = JSON if req.content_type is None else media_type(req)
        command, where = _understood(raw, kind, before.state, self._clock())
        version = before.version
        try:
            RESTAURANT.decide(command, before.state)
            if not dry:
                # Upon the very version whose differences are told.
                told = meta(req)
                version = transact(
                    self._store, RESTAURANT, stream_id, command, meta=told, demanded=before.version
                ).version
        except Refusal as refusal:
            if refusal.at is None:
                raise
            raise MenuImportRefused([_fault(refusal.at, refusal.code(), refusal.detail, where(refusal.at))]) from None
        resp.set_header("ETag", conditional.etag(version))
        resp.set_header("Consistency-Token", str(Token(stream_id, version)))
        resp.content_type = falcon.MEDIA_JSON
        resp.data = _document(differences(before.state.menu, command.items), version, dry=dry)


def _understood(raw: bytes, kind: str, restaurant: Restaurant, at: datetime) -> tuple[PublishMenu, Where]:
    """The command that the file makes, and where its parts stand in it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BodyMalformed("the body is not UTF-8") from None
    if kind == CSV:
        table, mistakes = read(text, restaurant.currency)
        if mistakes:
            raise MenuImportRefused(
                [_fault("", "csv_invalid", m.detail, (m.line, m.column)) for m in mistakes[:MISTAKES_MAX]]
            )
        raw, where = orjson.dumps({"items": table.items}), _in_table(table)
    elif kind == JSON:

        def where(pointer: str) -> tuple[int, int]:
            return place_of(text, pointer)

    else:
        raise MediaTypeUnsupported("The body must be a menu: send it with Content-Type: text/csv or application/json.")
    try:
        return parse(PublishMenu, raw, at=at), where
    except RequestInvalid as why:
        raise MenuImportRefused(
            [_fault(e["pointer"], e["code"], e["detail"], where(e["pointer"])) for e in why.errors[:MISTAKES_MAX]]
        ) from None


def _in_table(table: Table) -> Where:
    def where(pointer: str) -> tuple[int, int]:
        parts = pointer.split("/")
        if len(parts) < len(("", "items", "0")) or not parts[2].isdecimal():
            return 1, 1
        field = parts[3] if len(parts) > len(("", "items", "0")) else ""
        return table.lines[int(parts[2])], table.column(field)

    return where


def _fault(pointer: str, code: str, detail: str, place: tuple[int, int]) -> dict[str, Any]:
    return {"pointer": pointer, "code": code, "detail": detail, "line": place[0], "column": place[1]}


def _document(found: Differences, version: int, *, dry: bool) -> bytes:
    return orjson.dumps(
        {
            "dry_run": dry,
            "added": found.added,
            "removed": found.removed,
            "changed": [
                {"item_id": c.item_id, "field": c.field, "from": c.before, "to": c.after} for c in found.changed
            ],
            "reordered": found.reordered,
            "version": version,
        }
    )


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read_word(told: str) -> str:
        if told not in allowed:
            raise ValueError
        return told

    return read_word
