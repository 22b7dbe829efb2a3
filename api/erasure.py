"""Erasing a person: it is asked for, the key and the login are destroyed, and it is noted. Each step may be repeated.

What was sealed under the person's key (the account's own texts, those of the person's orders) cannot be read by anyone
from the second step on. A crash between the steps leaves an account that is being erased: to ask again goes on.
"""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from api.accounts import OPERATORS, Accounts
from api.operation import Services
from api.transact import Stood, transact
from domain.account.commands import ConfirmErasure, RequestErasure
from domain.account.decide import ACCOUNT
from domain.account.state import Account


def erase(services: Services, account_id: UUID, meta: Mapping[str, str], *, again: bool = False) -> Stood[Account]:
    """Go through all steps; answers with what is left of the account. Raises LastOperator.

    ``again``: it was done once, before a restore, and no rule speaks against it now.
    """
    request, store = RequestErasure(at=services.clock()), services.store
    if again:
        transact(store, ACCOUNT, account_id, request, meta=meta)
    else:
        premises = partial(Accounts(services).premises, request)
        transact(store, ACCOUNT, account_id, request, meta=meta, premises=premises, turns=[OPERATORS])
    services.credentials.release(account_id)
    services.vault.erase(account_id)
    account, version = transact(store, ACCOUNT, account_id, ConfirmErasure(at=services.clock()), meta=meta)
    assert account is not None
    return Stood(account, version)
