"""A whole menu out and in over HTTP: a dry run changes nothing, and each mistake has its place in the file."""

import json

import pytest

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.shop import Shop, item
from tests.api.targets import RICH


def send(api: Api, shop: Shop, raw: bytes, kind: str = "text/csv", query: str = "") -> Answer:
    return api.send("POST", f"{shop.path}/menu/import{query}", raw, {"Content-Type": kind})


@pytest.mark.parametrize(("format_", "kind"), [("csv", "text/csv"), ("json", "application/json")])
def test_what_goes_out_comes_back_without_a_difference(api: Api, shop: Shop, format_: str, kind: str) -> None:
    items = [RICH, item("x", 'A "hot" one; or,\nnot', 100, tags=["a;b", "c\\d"], available=False)]
    published = api.put(f"{shop.path}/menu", {"items": items})
    file = api.get(f"{shop.path}/menu/export", format_=format_)
    assert (file.status, file.headers["Content-Type"]) == (200, kind)
    assert file.headers["ETag"] == published.headers["ETag"]
    told = send(api, shop, file.body, kind)
    nothing = {"dry_run": False, "added": [], "removed": [], "changed": [], "reordered": False}
    assert told.json == {**nothing, "version": 3}
    assert told.headers["ETag"] == published.headers["ETag"]


def test_a_dry_run_tells_the_differences_and_an_import_makes_them(api: Api, shop: Shop) -> None:
    file = b"item_id,name,price_minor\nacqua,Acqua Minerale,250\nlimonata,Limonata,300\n"
    dry = send(api, shop, file, query="?dry_run=true")
    assert (dry.json["added"], dry.json["removed"]) == (["limonata"], ["margherita", "diavola"])
    (change,) = dry.json["changed"]
    assert (change["item_id"], change["field"], change["to"]["amount_minor"]) == ("acqua", "price", 250)
    assert len(api.get(f"{shop.path}/menu", dry.token).json["items"]) == 3
    done = send(api, shop, file)
    assert done.json == {**dry.json, "dry_run": False, "version": 3}
    assert [i["item_id"] for i in api.get(f"{shop.path}/menu", done.token).json["items"]] == ["acqua", "limonata"]


def test_each_mistake_of_a_csv_file_has_its_line_and_column(api: Api, shop: Shop) -> None:
    file = b"item_id,name,price_minor,image_url\na b,A,100,\nc,,100,http://x.org/\n"
    for query in ("", "?dry_run=true"):
        refused = send(api, shop, file, query=query)
        assert (refused.status, refused.code) == (422, "menu_import_refused")
        places = [(e["line"], e["column"], e["pointer"]) for e in refused.json["errors"]]
        assert places == [(2, 1, "/items/0/item_id"), (3, 2, "/items/1/name"), (3, 4, "/items/1/image_url")]
    doubled = send(api, shop, b"item_id,name,price_minor\na,A,1\n\nb,B,1\na,C,1\n")
    assert [(e["code"], e["line"], e["column"]) for e in doubled.json["errors"]] == [("item_id_doubled", 5, 1)]


def test_each_mistake_of_a_json_file_has_its_line_and_column(api: Api, shop: Shop) -> None:
    text = json.dumps({"items": [RICH, {**RICH, "item_id": "b", "name": 7}]}, indent=2)
    refused = send(api, shop, text.encode(), "application/json")
    (error,) = refused.json["errors"]
    wrong = text.splitlines()[error["line"] - 1]
    assert (refused.code, error["pointer"]) == ("menu_import_refused", "/items/1/name")
    assert wrong[error["column"] - 1 :].startswith("7")
    broken = send(api, shop, b'{"items": [\n  {"item_id": }]}', "application/json")
    assert (broken.status, broken.code) == (400, "body_malformed")
    assert "line 2 column 15" in broken.json["detail"]


def test_a_file_of_another_kind_or_for_another_version_is_refused(api: Api, shop: Shop) -> None:
    assert send(api, shop, b"a,b", "application/xml").code == "media_type_unsupported"
    assert send(api, shop, b"\xff\xfe", "text/csv").code == "body_malformed"
    stale = {"Content-Type": "text/csv", "If-Match": '"1"'}
    file = b"item_id,name,price_minor\na,A,1\n"
    assert api.send("POST", f"{shop.path}/menu/import", file, stale).code == "precondition_failed"
    assert send(api, shop, file, query="?dry_run=maybe").code == "parameter_invalid"
    assert api.get(f"{shop.path}/menu/export", format_="xml").code == "parameter_invalid"
