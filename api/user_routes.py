"""The routes of users: the part of the one table that says who there is."""

from api import users
from api.answers import users as answers
from api.conventions import CACHED, CHANGED, FRESH, GUARDED, KEYED, LOCATED, NEVER_STALE, PAGED, WITH_BODY, WRITTEN
from api.operation import Operation, Route
from api.user_steps import ClientSecret, UserPassword, UserRole, UserStep
from api.users import OneUser, Users
from domain.account.commands import CloseAccount, Details, LockAccount, NewPassword, NewUser, UnlockAccount
from domain.account.errors import (
    AccountAlreadyClosed,
    AccountUnknown,
    EmailMissing,
    EmailTaken,
    EmailUnexpected,
    LastOperator,
    PasswordMissing,
    PasswordUnexpected,
    PasswordWrong,
    RegistrationUnderWay,
    RestaurantMissing,
    RestaurantUnexpected,
    RoleOfApps,
    RoleOfPersons,
    RolesTooMany,
    RoleUnknown,
)
from domain.errors import Forbidden, Refusal, TokenMissing, TooMany
from domain.privacy import SubjectErased
from domain.restaurant.errors import RestaurantUnknown

WITHOUT_BODY = (GUARDED, WRITTEN)


def _step(name: str, command: type[LockAccount | UnlockAccount | CloseAccount], *refusals: type[Refusal]) -> Route:
    """What is done to an account with no more to say."""
    return Route(
        path=f"/v1/users/{{user_id}}/{name}",
        resource=lambda s: UserStep(s, command),
        post=Operation(
            id=f"{name}_user",
            summary=(command.__doc__ or "").strip(),
            answer=answers.User,
            body=command,
            body_required=False,
            conventions=CHANGED,
            refusals=(AccountUnknown, *refusals),
        ),
    )


USER_ROUTES: tuple[Route, ...] = (
    Route(
        path="/v1/users",
        resource=Users,
        post=Operation(
            id="register_user",
            summary="Register: anybody as a customer, a restaurant's staff by its owner, everybody by an operator.",
            answer=answers.User,
            status=201,
            body=NewUser,
            conventions=(WITH_BODY, KEYED, WRITTEN, LOCATED),
            refusals=(
                *(EmailTaken, RegistrationUnderWay, EmailMissing, EmailUnexpected, PasswordMissing),
                *(PasswordUnexpected, RestaurantMissing, RestaurantUnexpected, RestaurantUnknown, RoleOfApps),
                *(RoleOfPersons, TokenMissing, Forbidden),
            ),
        ),
        get=Operation(
            id="list_users",
            summary="List users, newest first: by exact e-mail address, role, restaurant or status.",
            answer=answers.UserPage,
            query=users.FILTERS,
            conventions=(PAGED, FRESH),
        ),
    ),
    Route(
        path="/v1/users/{user_id}",
        resource=OneUser,
        get=Operation(
            id="get_user",
            summary="Look a user up.",
            answer=answers.User,
            conventions=(CACHED, NEVER_STALE),
            refusals=(AccountUnknown,),
        ),
        patch=Operation(
            id="change_user",
            summary="Change name, phone or e-mail address; what is not named stays, and a phone that is null goes.",
            answer=answers.User,
            body=Details,
            conventions=CHANGED,
            refusals=(
                *(AccountUnknown, AccountAlreadyClosed, EmailTaken, RegistrationUnderWay, EmailUnexpected),
                SubjectErased,
            ),
        ),
        delete=Operation(
            id="erase_user",
            summary="Close the account for good and destroy all that is known of the person.",
            answer=answers.User,
            conventions=WITHOUT_BODY,
            refusals=(AccountUnknown, LastOperator),
        ),
    ),
    Route(
        path="/v1/users/{user_id}/roles/{role}",
        resource=UserRole,
        put=Operation(
            id="grant_role",
            summary="Give a role; the sessions go on, and their tokens are renewed.",
            answer=answers.User,
            conventions=WITHOUT_BODY,
            refusals=(
                *(AccountUnknown, RoleUnknown, RestaurantUnknown, AccountAlreadyClosed),
                *(RoleOfApps, RoleOfPersons, RolesTooMany),
            ),
        ),
        delete=Operation(
            id="revoke_role",
            summary="Take a role away.",
            answer=answers.User,
            conventions=WITHOUT_BODY,
            refusals=(AccountUnknown, RoleUnknown, RestaurantUnknown, AccountAlreadyClosed, LastOperator),
        ),
    ),
    _step("lock", LockAccount, AccountAlreadyClosed, LastOperator),
    _step("unlock", UnlockAccount, AccountAlreadyClosed),
    _step("close", CloseAccount, LastOperator),
    Route(
        path="/v1/users/{user_id}/password",
        resource=UserPassword,
        put=Operation(
            id="change_password",
            summary="Set another password, which ends every session; one's own needs the present one.",
            answer=answers.User,
            body=NewPassword,
            conventions=CHANGED,
            refusals=(AccountUnknown, AccountAlreadyClosed, PasswordWrong, PasswordUnexpected, TooMany),
        ),
    ),
    Route(
        path="/v1/users/{user_id}/client-secret",
        resource=ClientSecret,
        post=Operation(
            id="renew_client_secret",
            summary="Make a new secret for an app, which ends the one before; it is told this once.",
            answer=answers.ClientSecret,
            conventions=WITHOUT_BODY,
            refusals=(AccountUnknown, AccountAlreadyClosed, RoleOfPersons),
        ),
    ),
)
