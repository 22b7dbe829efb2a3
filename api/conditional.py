"""Versions on the wire: strong ETags, If-Match and If-None-Match (RFC 9110, section 13)."""

import re

import falcon

from api.problems import HeaderInvalid
from domain.errors import PreconditionFailed

_OURS = re.compile(r'"([0-9]{1,10})(?:-[0-9a-f]{8})?"')


def etag(version: int, variant: str = "") -> str:
    """The strong entity tag of a stream's version, and of the ``variant`` of it that not everybody is shown."""
    return f'"{version}-{variant}"' if variant else f'"{version}"'


def demanded_version(req: falcon.Request) -> int | None:
    """The version that If-Match demands, if any; raises HeaderInvalid where it is no ETag of ours."""
    told = req.get_header("IF-MATCH")
    if told is None or told.strip() == "*":
        return None
    match = _OURS.fullmatch(told.strip())
    if match is not None:
        return int(match[1])
    raise HeaderInvalid('If-Match: send one ETag as it was given, such as "3"', pointer="/header/If-Match")


def require(demanded: int | None, version: int) -> None:
    """Raise PreconditionFailed where another version was demanded."""
    if demanded is not None and demanded != version:
        raise PreconditionFailed(expected=demanded, version=version)


def answer(req: falcon.Request, resp: falcon.Response, version: int, document: bytes, variant: str = "") -> None:
    """Send the document, or 304 to one who has this variant of this version already."""
    tag = etag(version, variant)
    resp.set_header("ETag", tag)
    known = req.get_header("IF-NONE-MATCH")
    if known is not None and (known.strip() == "*" or tag in {t.strip().removeprefix("W/") for t in known.split(",")}):
        resp.status = 304
        return
    resp.data = document
    resp.content_type = falcon.MEDIA_JSON
