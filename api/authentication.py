"""Who asks: the bearer token of a request (RFC 6750) becomes its principal.

A request without a token is anonymous; what that may do is the policy's to say. A request with a wrong token is
refused, whatever it asks for: its sender believes to be somebody.
"""

from functools import lru_cache

import falcon

from api.context import Principal
from api.oauth import REVOKE, TOKEN
from api.rate_limits import RateLimiting
from domain.account.events import Grant
from domain.errors import TokenInvalid
from domain.identity import Tokens, VerifiedToken

PRINCIPALS_MAX = 16_384
SCHEME = "Bearer "
_CLIENTS_PROVE_THEMSELVES = frozenset({TOKEN, REVOKE})
"""Where the Authorization header is the client's (RFC 6749, section 2.3.1)."""


class Authentication:
    """Falcon middleware that fills ``req.context.principal``, after RequestContext."""

    def __init__(self, tokens: Tokens, limiting: RateLimiting) -> None:
        """Believe what ``tokens`` verifies; ``limiting`` counts what it does not."""
        self._tokens, self._limiting = tokens, limiting

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Look at the header; raises TokenInvalid, or RateExceeded where that was said too often."""
        told = req.env.get("HTTP_AUTHORIZATION")
        if told is None or req.path in _CLIENTS_PROVE_THEMSELVES:
            return
        try:
            token = bearer(told)
            if token is None:
                raise TokenInvalid("Send the access token as Authorization: Bearer TOKEN.")
            req.context.principal = principal_of(self._tokens.verify(token))
        except TokenInvalid:
            # Falcon asks no middleware behind one that raises, and this one has to be counted.
            self._limiting.count_refused(req, resp)
            raise


def at_once(tokens: Tokens, told: str | None) -> bool:
    """Whether what an Authorization header says can be judged without a database, a provider or a signature."""
    token = None if told is None else bearer(told)
    return token is None or tokens.known(token)


def bearer(told: str) -> str | None:
    """The token of an Authorization header; None where it is of another scheme."""
    if not told.startswith(SCHEME) and told[: len(SCHEME)].lower() != SCHEME.lower():
        return None
    return told[len(SCHEME) :].strip()


@lru_cache(PRINCIPALS_MAX)
def principal_of(token: VerifiedToken) -> Principal:
    """Whom the token speaks for. A token verified once is one object, so that this is looked up by its identity."""
    return Principal(
        id=str(token.account_id),
        account_id=token.account_id,
        client_id=token.client_id,
        grants=frozenset(Grant.parse(text) for text in token.grants),
    )
