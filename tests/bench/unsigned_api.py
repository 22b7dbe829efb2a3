"""Comanda's api as it would be without sign-in: no token is looked at, no rate counted, no policy asked.

Everybody is one and the same app. The bench sets the real api against it, to tell what sign-in costs an order. It runs
as `infra.cli.main` does: `python -m tests.bench.unsigned_api api`.
"""

from uuid import uuid4

import falcon

import api.app
from api.access import Access
from api.context import Principal
from api.policy import POLICY, Reach
from domain.account.events import Grant, Role
from infra.cli.main import main

_ACCOUNT = uuid4()
ANY_APP = Principal(id=str(_ACCOUNT), account_id=_ACCOUNT, client_id="bench", grants=frozenset({Grant(role=Role.APP)}))
WITHOUT_BOUNDS = Access(ANY_APP, POLICY["place_order"], frozenset({Reach.ALL}))


class Everybody:
    """Falcon middleware in the place of all guards: the same principal for all, who reaches everything."""

    def process_request(self, req: falcon.Request, _: falcon.Response) -> None:
        """Know who asks without asking."""
        req.context.principal, req.context.access = ANY_APP, WITHOUT_BOUNDS


if __name__ == "__main__":
    api.app.guards = lambda identity: [Everybody()]  # noqa: ARG005  its caller's type names the parameter
    main()
