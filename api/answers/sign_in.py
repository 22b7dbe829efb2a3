"""What the token endpoint and its keys answer, as OAuth 2 has it."""

from typing import Annotated, Literal, NotRequired

from pydantic import BaseModel, Field
from typing_extensions import TypedDict


class Token(TypedDict):
    """An access token (RFC 6749, section 5.1), and for a person the refresh token that brings the next."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds.")]
    refresh_token: NotRequired[Annotated[str, Field(description="Good for one use.")]]


class OAuthProblem(BaseModel):
    """What went wrong, as libraries of OAuth expect it (RFC 6749, section 5.2)."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "temporarily_unavailable",
    ]
    error_description: Annotated[str, Field(description="For people.")]


class Jwk(BaseModel):
    """A public key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    alg: Literal["EdDSA"]
    kid: str
    use: Literal["sig"]


class Jwks(BaseModel):
    """The keys by which access tokens can be checked (RFC 7517)."""

    keys: list[Jwk]


class AuthorizationServer(BaseModel):
    """What a client library needs to know (RFC 8414)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
