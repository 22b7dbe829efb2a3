"""``/docs``: the OpenAPI document in Swagger UI, which comes with the program: no page of ours asks the internet."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import falcon

from domain.errors import Unknown

HTML, SCRIPT, STYLE = "text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comanda API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger_style.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript; the same is in <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger_bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """"use strict";
window.onload = () => SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#api", deepLinking: true, displayRequestDuration: true, docExpansion: "list",
  filter: true, persistAuthorization: false, validatorUrl: null,
});
"""
_KINDS = {"start.js": SCRIPT, "swagger_bundle.js": SCRIPT, "swagger_style.css": STYLE}
_POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class DocsFileUnknown(Unknown):
    """The documentation has no file of this name."""


class Docs:
    """``/docs``: the page."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The page, which may load nothing but what lies beside it."""
        resp.content_type = HTML
        resp.set_header("Content-Security-Policy", _POLICY)
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.data = _PAGE.encode()


class DocsFile:
    """``/docs/{file}``: what the page loads."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, file: str) -> None:
        """The file; raises DocsFileUnknown."""
        kind = _KINDS.get(file)
        if kind is None:
            raise DocsFileUnknown
        data = _file(file)
        resp.etag = hashlib.sha256(data).hexdigest()[:32]
        resp.cache_control = ["public", "max-age=3600"]
        resp.set_header("X-Content-Type-Options", "nosniff")
        if req.if_none_match and any(tag in {"*", resp.etag.strip('"')} for tag in req.if_none_match):
            resp.status = falcon.HTTP_304
            return
        resp.content_type = kind
        resp.data = data


@cache  # three names
def _file(name: str) -> bytes:
    if name == "start.js":
        return _START.encode()
    # Importing offapi would read all of the viewers that it holds, 9 MB.
    package = find_spec("offapi")
    if package is None or not package.submodule_search_locations:
        raise DocsFileUnknown
    return (Path(package.submodule_search_locations[0]) / name).read_bytes()
