"""The conventions of DESIGN.md section 5, as the operations of the route table name them."""

from api import consistency, idempotency
from api.body import BodyMalformed, BodyTooLarge, MediaTypeUnsupported, RequestInvalid
from api.operation import Convention, Parameter
from api.paging import CURSOR, LIMIT
from api.problems import (
    HeaderInvalid,
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    ParameterInvalid,
    ReadModelBehind,
)
from domain.errors import KeyReused, PreconditionFailed
from domain.event_store import VersionMoved

WITH_BODY = Convention(refusals=(BodyMalformed, BodyTooLarge, MediaTypeUnsupported, RequestInvalid))
"""What every operation with a body keeps."""

KEYED = Convention(
    takes=(
        Parameter(
            name="Idempotency-Key",
            description="Names this very request: sent again, it has the same answer and takes effect once.",
            schema={"type": "string", "pattern": idempotency.PATTERN},
            where="header",
            required=True,
        ),
    ),
    gives=("Idempotent-Replayed",),
    refusals=(IdempotencyKeyMissing, IdempotencyKeyMalformed, KeyReused),
)
GUARDED = Convention(
    takes=(
        Parameter(
            name="If-Match",
            description="The ETag that the command rests on; refused with 412 where the record has moved since.",
            schema={"type": "string", "pattern": r'^(\*|"[0-9]{1,10}")$'},
            where="header",
        ),
    ),
    refusals=(HeaderInvalid, PreconditionFailed),
)
CACHED = Convention(
    takes=(
        Parameter(
            name="If-None-Match",
            description="ETags that the client has; 304 where one is still current.",
            schema={"type": "string"},
            where="header",
        ),
    ),
    gives=("ETag",),
    not_modified=True,
)
PERSONAL = Convention(gives=("Vary",))
"""An answer that says to one what it does not say to another."""
KEPT = Convention(takes=CACHED.takes, gives=("ETag",), not_modified=True)
"""A file of ours, which changes with the program."""
_TOKEN = Parameter(
    name="Consistency-Token",
    description="The token of a command's answer: this read must show at least that command.",
    schema={"type": "string", "pattern": consistency.PATTERN},
    where="header",
)
_PREFER = Parameter(
    name="Prefer",
    description=(
        f"`wait=N` (RFC 7240): how many seconds the read may wait for the token, at most {consistency.WAIT_MAX_S:g}; "
        f"{consistency.WAIT_DEFAULT_S:g} where nothing is said."
    ),
    schema={"type": "string", "examples": ["wait=5"]},
    where="header",
)
FRESH = Convention(takes=(_TOKEN, _PREFER), refusals=(HeaderInvalid, ReadModelBehind))
"""A read model that waits for the token."""

NEVER_STALE = Convention(takes=(_TOKEN,), refusals=(HeaderInvalid,))
"""A document that comes from its stream where the read model is behind the token."""

WRITTEN = Convention(gives=("ETag", "Consistency-Token"), refusals=(VersionMoved,))
TAGGED = Convention(gives=("ETag",))
LOCATED = Convention(gives=("Location",))
PAGED = Convention(takes=(CURSOR, LIMIT), gives=("Link",), refusals=(ParameterInvalid,))
FILTERED = Convention(refusals=(ParameterInvalid,))

CHANGED = (WITH_BODY, GUARDED, WRITTEN)
"""A command upon what is there already."""
