"""What a request to the token endpoint says: a form, and which client sends it (RFC 6749, sections 2.3 and 3.2)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, NoReturn
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

import falcon
import orjson
from pydantic import BaseModel, Field

FORM = "application/x-www-form-urlencoded"
FORM_MAX_BYTES = 16_384
FIELDS_MAX = 20
VALUE_MAX_CHARS = 8_192


class TokenRequest(BaseModel):
    """The fields of a request for a token; which are needed depends on ``grant_type``. Others are passed over."""

    grant_type: Literal["password", "client_credentials", "refresh_token"]
    username: Annotated[str | None, Field(description="Of grant type password: the login, an e-mail address.")] = None
    password: Annotated[str | None, Field(description="Of grant type password.")] = None
    refresh_token: Annotated[str | None, Field(description="Of grant type refresh_token; good for one use.")] = None
    client_id: Annotated[str | None, Field(description="Left out, the first-party client is meant.")] = None
    client_secret: Annotated[str | None, Field(description="Or by HTTP Basic.")] = None


class RevokeRequest(BaseModel):
    """The fields of a request to take a token back. Others are passed over."""

    token: Annotated[str, Field(min_length=1, description="A refresh token or an access token.")]
    token_type_hint: str | None = None
    client_id: Annotated[str | None, Field(description="Left out, the first-party client is meant.")] = None
    client_secret: Annotated[str | None, Field(description="Or by HTTP Basic.")] = None


class OAuthError(Exception):
    """An error in the form of RFC 6749, section 5.2."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        """``error`` is one of the words of the RFC; ``description`` is for people, in ASCII."""
        super().__init__(description)
        self.error, self.description, self.status, self.headers = error, description, status, headers or {}

    def write(self, resp: falcon.Response) -> None:
        """Answer with it."""
        resp.status = self.status
        for name, value in self.headers.items():
            resp.set_header(name, value)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = orjson.dumps({"error": self.error, "error_description": self.description})


class Form:
    """The fields of a form, each at most once; an empty one counts as none."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """``fields``: what was sent."""
        self._fields = fields

    def get(self, name: str) -> str | None:
        """A field, if it was sent."""
        return self._fields.get(name) or None

    def needed(self, name: str) -> str:
        """A field that cannot be left out; raises OAuthError."""
        value = self.get(name)
        if value is None:
            raise OAuthError("invalid_request", f"The field {name} is missing.")
        return value


@dataclass(frozen=True, slots=True)
class Client:
    """Which client asks. ``secret`` is what it proves itself with, None for a public one; ``basic``: by HTTP Basic."""

    id: str
    secret: str | None = field(default=None, repr=False)
    basic: bool = False

    @property
    def account_id(self) -> UUID | None:
        """The account of a machine client, whose client id is the account's id."""
        try:
            account_id = UUID(self.id)
        except ValueError:
            return None
        return account_id if str(account_id) == self.id else None

    def refuse(self, description: str) -> NoReturn:
        """Raise the OAuthError of a client that could not prove itself."""
        challenge = {"WWW-Authenticate": 'Basic realm="comanda"'} if self.basic else {}
        raise OAuthError("invalid_client", description, status=401, headers=challenge)


KNOWN = frozenset({"scope", *TokenRequest.model_fields, *RevokeRequest.model_fields})


def form_of(req: falcon.Request) -> Form:
    """The request's form; raises OAuthError."""
    kind = (req.content_type or "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise OAuthError("invalid_request", f"Send the fields with Content-Type: {FORM}.")
    raw: bytes = req.bounded_stream.read(FORM_MAX_BYTES + 1)
    if len(raw) > FORM_MAX_BYTES:
        raise OAuthError("invalid_request", f"The form is larger than {FORM_MAX_BYTES} bytes.", status=413)
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:
        raise OAuthError("invalid_request", f"The form is not UTF-8, or has over {FIELDS_MAX} fields.") from None
    # What is not known is to be ignored, however often it stands there (RFC 6749, section 3.2).
    pairs = [(name, value) for name, value in pairs if name in KNOWN]
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthError("invalid_request", "A field stands twice in the form.")
    if any(len(value) > VALUE_MAX_CHARS for value in fields.values()):
        raise OAuthError("invalid_request", f"A field has at most {VALUE_MAX_CHARS} characters.")
    return Form(fields)


def client_of(req: falcon.Request, form: Form) -> Client | None:
    """The client by HTTP Basic or by the form's fields, None where it does not say; raises OAuthError."""
    client_id, secret = form.get("client_id"), form.get("client_secret")
    told = req.get_header("AUTHORIZATION")
    if told is None:
        if secret is not None and client_id is None:
            raise OAuthError("invalid_request", "The field client_id is missing.")
        return None if client_id is None else Client(client_id, secret)
    basic = _basic(told)
    if secret is not None or client_id not in {None, basic.id}:
        raise OAuthError("invalid_request", "The client proves itself either by HTTP Basic or in the form.")
    return basic


def _basic(told: str) -> Client:
    scheme, _, encoded = told.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        text = ""
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon or not client_id:
        Client("", basic=True).refuse("Send Authorization: Basic with the client's id and secret.")
    return Client(unquote_plus(client_id), unquote_plus(secret) or None, basic=True)
