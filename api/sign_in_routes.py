"""The routes of signing in, in OAuth's own words."""

from api import oauth
from api.answers import sign_in as answers
from api.oauth_request import FORM, RevokeRequest, TokenRequest
from api.operation import Operation, Route

SIGN_IN_ROUTES: tuple[Route, ...] = (
    Route(
        path=oauth.TOKEN,
        resource=lambda s: oauth.Token(s.identity),
        post=Operation(
            id="get_token",
            summary="Sign in, or go on: an access token for a password, a client's secret or a refresh token.",
            answer=answers.Token,
            body=TokenRequest,
            body_media=FORM,
            oauth_statuses=(400, 401, 413, 429),
        ),
    ),
    Route(
        path=oauth.REVOKE,
        resource=lambda s: oauth.Revoke(s.identity),
        post=Operation(
            id="revoke_token",
            summary="Sign out: end the session of a refresh token, and the account's access tokens.",
            answer=None,
            body=RevokeRequest,
            body_media=FORM,
            oauth_statuses=(400, 401, 413),
        ),
    ),
    Route(
        path=oauth.JWKS,
        resource=lambda s: oauth.Jwks(s.identity),
        get=Operation(id="get_jwks", summary="The keys that access tokens are signed with.", answer=answers.Jwks),
    ),
    Route(
        path=oauth.METADATA,
        resource=lambda s: oauth.Metadata(s.identity),
        get=Operation(
            id="get_metadata",
            summary="What client libraries need to know of the token endpoint.",
            answer=answers.AuthorizationServer,
            reads_store=False,
        ),
    ),
)
