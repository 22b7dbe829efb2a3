"""Sign-in: the token endpoint of OAuth 2 (RFC 6749), revocation (RFC 7009), keys (RFC 7517) and metadata (RFC 8414).

Errors here have the form that RFC 6749 gives them, for the libraries that call this know no other.
"""

import time
from typing import Any
from uuid import UUID

import falcon
import orjson

from api.addresses import site_of
from api.oauth_request import Client, Form, OAuthError, client_of, form_of
from domain.errors import TokenInvalid
from domain.identity import AccountFacts, Identity, IssuedToken, RefreshRefused

TOKEN, REVOKE = "/v1/oauth/token", "/v1/oauth/revoke"
JWKS, METADATA = "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"
GRANT_TYPES = ("password", "client_credentials", "refresh_token")
CACHE_S = 300
_WRONG_LOGIN = "The login or the password is wrong."
_WRONG_CLIENT = "The client is not known, or its secret is wrong."
_WRONG_REFRESH = "The refresh token is not, or no longer, valid; sign in again."


class Token:
    """``/v1/oauth/token``."""

    def __init__(self, identity: Identity) -> None:
        """Issue what ``identity`` allows."""
        self._identity = identity

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A token for whoever proves who they are."""
        resp.set_header("Cache-Control", "no-store")
        try:
            form = form_of(req)
            client = client_of(req, form)
            resp.data = orjson.dumps(self._granted(form, client, site_of(req)))
            resp.content_type = falcon.MEDIA_JSON
        except OAuthError as error:
            error.write(resp)

    def _granted(self, form: Form, client: Client | None, address: str) -> dict[str, Any]:
        match form.needed("grant_type"):
            case "password":
                return self._password(form, self._first_party(client), address)
            case "client_credentials":
                return self._client_credentials(client, address)
            case "refresh_token":
                return self._refresh(form, self._first_party(client))
            case _:
                raise OAuthError("unsupported_grant_type", f"grant_type is one of {', '.join(GRANT_TYPES)}.")

    def _password(self, form: Form, client_id: str, address: str) -> dict[str, Any]:
        login, password = form.needed("username"), form.needed("password")
        self._take(login, address)
        as_of_ms = _now_ms()
        account_id = self._identity.credentials.check(login, password)
        facts = None if account_id is None else self._active(account_id)
        if account_id is None or facts is None or facts.kind != "person":
            raise OAuthError("invalid_grant", _WRONG_LOGIN)
        self._identity.sign_in_limits.give_back(login, address)
        try:
            refresh_token = self._identity.sessions.begin(account_id, client_id, as_of_ms)
        except RefreshRefused:  # the password was changed at this very moment
            raise OAuthError("invalid_grant", _WRONG_LOGIN) from None
        return _answer(self._issue(account_id, facts, client_id, as_of_ms), refresh_token)

    def _client_credentials(self, client: Client | None, address: str) -> dict[str, Any]:
        if client is None or client.secret is None:
            raise OAuthError("invalid_client", "A client that acts for itself proves itself by its secret.", status=401)
        self._take(client.id, address)
        as_of_ms = _now_ms()
        account_id, facts = self._machine(client)
        self._identity.sign_in_limits.give_back(client.id, address)
        return _answer(self._issue(account_id, facts, str(account_id), as_of_ms), None)

    def _machine(self, client: Client) -> tuple[UUID, AccountFacts]:
        account_id = client.account_id
        if account_id is None or not self._identity.credentials.check_account(account_id, client.secret or ""):
            client.refuse(_WRONG_CLIENT)
        facts = self._active(account_id)
        if facts is None or facts.kind != "app" or not self._operated(facts):
            client.refuse(_WRONG_CLIENT)
        return account_id, facts

    def _operated(self, facts: AccountFacts) -> bool:
        """A machine is let in as long as the operator is that it belongs to."""
        return facts.operator_id is None or self._active(facts.operator_id) is not None

    def _refresh(self, form: Form, client_id: str) -> dict[str, Any]:
        as_of_ms = _now_ms()
        try:
            renewed = self._identity.sessions.renew(form.needed("refresh_token"), client_id)
        except RefreshRefused:
            raise OAuthError("invalid_grant", _WRONG_REFRESH) from None
        facts = self._active(renewed.account_id)
        if facts is None:
            self._identity.sessions.end(renewed.refresh_token, client_id)
            raise OAuthError("invalid_grant", _WRONG_REFRESH)
        return _answer(self._issue(renewed.account_id, facts, client_id, as_of_ms), renewed.refresh_token)

    def _first_party(self, client: Client | None) -> str:
        return first_party(self._identity, client)

    def _take(self, login: str, address: str) -> None:
        wait_s = self._identity.sign_in_limits.take(login, address)
        if wait_s:
            raise OAuthError(
                "temporarily_unavailable",
                f"Too many sign-ins have failed here; wait {wait_s} s.",
                status=429,
                headers={"Retry-After": str(wait_s)},
            )

    def _active(self, account_id: UUID) -> AccountFacts | None:
        facts = self._identity.account_of(account_id)
        return facts if facts is not None and facts.active else None

    def _issue(self, account_id: UUID, facts: AccountFacts, client_id: str, as_of_ms: int) -> IssuedToken:
        return self._identity.tokens.issue(account_id, facts.grants, client_id, as_of_ms=as_of_ms)


class Revoke:
    """``/v1/oauth/revoke``: signing out."""

    def __init__(self, identity: Identity) -> None:
        """End what ``identity`` issued."""
        self._identity = identity

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """200, be the token known or not; with an access token go all that the account has now."""
        resp.set_header("Cache-Control", "no-store")
        try:
            form = form_of(req)
            client_id = self._proven(client_of(req, form))
            self._end(form.needed("token"), client_id)
        except OAuthError as error:
            error.write(resp)

    def _proven(self, client: Client | None) -> str:
        if client is None or client.secret is None:
            return first_party(self._identity, client)
        account_id = client.account_id
        if account_id is None or not self._identity.credentials.check_account(account_id, client.secret):
            client.refuse(_WRONG_CLIENT)
        return str(account_id)

    def _end(self, token: str, client_id: str) -> None:
        self._identity.sessions.end(token, client_id)
        try:
            verified = self._identity.tokens.verify(token)
        except TokenInvalid:
            return
        if verified.client_id == client_id:
            self._identity.tokens.recall(verified.account_id)


class Jwks:
    """``/.well-known/jwks.json``."""

    def __init__(self, identity: Identity) -> None:
        """Show the keys of ``identity``."""
        self._identity = identity

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The public keys, those too that will sign soon."""
        resp.set_header("Cache-Control", f"public, max-age={CACHE_S}")
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._identity.tokens.jwks()


class Metadata:
    """``/.well-known/oauth-authorization-server``."""

    def __init__(self, identity: Identity) -> None:
        """Describe ``identity``."""
        issuer = identity.issuer.rstrip("/")
        methods = ["client_secret_basic", "client_secret_post", "none"]
        self._told = orjson.dumps(
            {
                "issuer": identity.issuer,
                "token_endpoint": issuer + TOKEN,
                "revocation_endpoint": issuer + REVOKE,
                "jwks_uri": issuer + JWKS,
                "grant_types_supported": GRANT_TYPES,
                "response_types_supported": [],
                "token_endpoint_auth_methods_supported": methods,
                "revocation_endpoint_auth_methods_supported": methods,
            }
        )

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What a client library needs to know."""
        resp.set_header("Cache-Control", f"public, max-age={CACHE_S}")
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._told


def first_party(identity: Identity, client: Client | None) -> str:
    """The id of the public client that asks, the first of ours where it does not say; raises OAuthError."""
    if client is None:
        return min(identity.first_party)
    if client.secret is not None or client.id not in identity.first_party:
        raise OAuthError("unauthorized_client", "Only first-party clients may sign people in.")
    return client.id


def _answer(issued: IssuedToken, refresh_token: str | None) -> dict[str, Any]:
    told = {"access_token": issued.access_token, "token_type": "Bearer", "expires_in": issued.expires_in_s}
    return told if refresh_token is None else {**told, "refresh_token": refresh_token}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
