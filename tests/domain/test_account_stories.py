"""What may happen to an account, told as stories."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.account.commands import GRANTS_MAX, GrantRole, NewPassword, NewUser
from domain.account.decide import ACCOUNT
from domain.account.errors import (
    AccountAlreadyClosed,
    AccountUnknown,
    EmailMissing,
    EmailUnexpected,
    ErasureNotRequested,
    RestaurantMissing,
    RestaurantUnexpected,
    RoleOfApps,
    RoleOfPersons,
    RolesTooMany,
)
from domain.account.events import AccountClosed, Grant, Kind, Role
from domain.account.state import Standing
from tests.domain import sample_accounts as ada
from tests.domain.given import given
from tests.domain.sample_menu import RESTAURANT_ID, minutes

# Opening


def test_a_customer_registers_once() -> None:
    given(ACCOUNT).when(ada.register).then(ada.registered)
    given(ACCOUNT, ada.registered).when(ada.register).silent()


def test_nobody_can_be_changed_who_is_not_there() -> None:
    for command in (ada.change(), ada.grant_staff, ada.lock, ada.close, ada.request_erasure, ada.confirm_erasure):
        given(ACCOUNT).when(command).refused(AccountUnknown)


def test_roles_of_restaurants_name_one_and_the_others_none() -> None:
    nowhere = Grant(role=Role.RESTAURANT_STAFF)
    given(ACCOUNT).when(ada.register_with(nowhere)).refused(RestaurantMissing, "/grants/0/restaurant_id")
    somewhere = Grant(role=Role.CUSTOMER, restaurant_id=RESTAURANT_ID)
    asked = given(ACCOUNT).when(ada.register_with(ada.OWNER, somewhere))
    asked.refused(RestaurantUnexpected, "/grants/1/restaurant_id")


def test_an_app_is_no_person_and_a_person_no_app() -> None:
    given(ACCOUNT).when(ada.register_with(ada.CUSTOMER, ada.APP)).refused(RoleOfApps, "/grants/1/role")
    app = ada.register_with(ada.APP, ada.OPERATOR, kind=Kind.APP, email=None)
    given(ACCOUNT).when(app).refused(RoleOfPersons, "/grants/1/role")
    given(ACCOUNT, ada.app_registered).when(GrantRole(at=minutes(1), grant=ada.OPERATOR)).refused(RoleOfPersons)
    given(ACCOUNT, ada.registered).when(GrantRole(at=minutes(1), grant=ada.APP)).refused(RoleOfApps)


def test_a_person_signs_in_with_an_address_and_an_app_without() -> None:
    given(ACCOUNT).when(ada.register_with(ada.CUSTOMER, email=None)).refused(EmailMissing)
    given(ACCOUNT).when(ada.register_with(ada.APP, kind=Kind.APP)).refused(EmailUnexpected)
    given(ACCOUNT, ada.app_registered).when(ada.change(phone=None)).refused(EmailUnexpected)


def test_the_same_role_asked_for_twice_is_held_once() -> None:
    given(ACCOUNT).when(ada.register_with(ada.CUSTOMER, ada.CUSTOMER)).then(ada.registered)


# Changing


def test_only_what_differs_is_changed() -> None:
    given(ACCOUNT, ada.registered).when(ada.change()).silent()
    given(ACCOUNT, ada.registered).when(ada.change(email="enc1.other")).then(ada.email_changed)
    given(ACCOUNT, ada.registered).when(ada.change(name="enc1.Lovelace")).then(ada.profile_changed)
    both = ada.change(name="enc1.Lovelace", email="enc1.other")
    given(ACCOUNT, ada.registered).when(both).then(ada.email_changed, ada.profile_changed)


def test_a_phone_number_can_be_taken_away() -> None:
    without = ada.profile_changed.model_copy(update={"name": ada.NAME, "phone": None})
    given(ACCOUNT, ada.registered).when(ada.change(phone=None)).then(without)


def test_a_role_is_granted_once_and_revoked_once() -> None:
    state = given(ACCOUNT, ada.registered).when(ada.grant_staff).then(ada.granted_staff)
    assert state is not None
    assert state.grants == {ada.CUSTOMER, ada.STAFF}
    given(ACCOUNT, ada.registered, ada.granted_staff).when(ada.grant_staff).silent()
    given(ACCOUNT, ada.registered).when(ada.revoke_customer).then(ada.revoked_customer)
    given(ACCOUNT, ada.registered, ada.revoked_customer).when(ada.revoke_customer).silent()


def test_an_account_has_no_more_roles_than_a_token_can_carry() -> None:
    many = tuple(
        Grant(role=Role.RESTAURANT_STAFF, restaurant_id=UUID(int=RESTAURANT_ID.int + n)) for n in range(GRANTS_MAX)
    )
    full = ada.registered.model_copy(update={"grants": many})
    given(ACCOUNT, full).when(GrantRole(at=minutes(1), grant=ada.CUSTOMER)).refused(RolesTooMany)
    given(ACCOUNT, full).when(GrantRole(at=minutes(1), grant=many[0])).silent()


def test_of_a_changed_password_only_the_fact_is_told() -> None:
    given(ACCOUNT, ada.registered).when(ada.change_password).then(ada.password_changed)
    assert set(ada.password_changed.model_dump()) == {"at"}


# Ending


def test_a_locked_account_can_be_unlocked_again() -> None:
    state = given(ACCOUNT, ada.registered).when(ada.lock).then(ada.locked)
    assert state is not None
    assert state.standing is Standing.LOCKED
    given(ACCOUNT, ada.registered, ada.locked).when(ada.lock).silent()
    given(ACCOUNT, ada.registered, ada.locked).when(ada.unlock).then(ada.unlocked)
    given(ACCOUNT, ada.registered).when(ada.unlock).silent()


def test_a_closed_account_stays_as_it_is() -> None:
    given(ACCOUNT, ada.registered).when(ada.close).then(ada.closed)
    closed = (ada.registered, ada.closed)
    given(ACCOUNT, *closed).when(ada.close).silent()
    for command in (
        *(ada.change(email="enc1.other"), ada.change(phone=None), ada.grant_staff, ada.revoke_customer),
        *(ada.change_password, ada.lock, ada.unlock),
    ):
        given(ACCOUNT, *closed).when(command).refused(AccountAlreadyClosed)


def test_erasure_closes_the_account_and_is_confirmed_once_the_key_is_gone() -> None:
    closing = AccountClosed(at=minutes(7))
    given(ACCOUNT, ada.registered).when(ada.request_erasure).then(closing, ada.erasure_requested)
    given(ACCOUNT, ada.registered, ada.closed).when(ada.request_erasure).then(ada.erasure_requested)
    asked = (ada.registered, closing, ada.erasure_requested)
    given(ACCOUNT, *asked).when(ada.request_erasure).silent()
    state = given(ACCOUNT, *asked).when(ada.confirm_erasure).then(ada.erased)
    assert state is not None
    assert (state.name, state.email, state.phone, state.standing) == (None, None, None, Standing.ERASED)
    given(ACCOUNT, *asked, ada.erased).when(ada.confirm_erasure).silent()


def test_nothing_is_called_erased_that_nobody_asked_to_erase() -> None:
    given(ACCOUNT, ada.registered).when(ada.confirm_erasure).refused(ErasureNotRequested)


# What is said of people


@pytest.mark.parametrize(
    "email", ["ada", "ada@", "@x.org", "ada@localhost", "a b@x.org", "ada@x..org", "ada@@x.org", "a" * 65 + "@x.org"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        NewUser(name="Ada", email=email, password="ten letters")


def test_a_password_is_long_enough_and_shown_nowhere() -> None:
    with pytest.raises(ValidationError):
        NewPassword(password="nine char")
    told = NewUser(name="Ada", email="ada@example.org", password="correct horse battery")
    assert "horse" not in repr(told)
    assert "horse" not in str(NewPassword(password="correct horse battery"))


def test_a_grant_is_written_and_read_as_a_text() -> None:
    for grant in (ada.CUSTOMER, ada.STAFF, ada.OWNER, ada.APP):
        assert Grant.parse(grant.text()) == grant
    place = str(RESTAURANT_ID)
    for wrong in (
        *("", "cook", "customer:", f"customer:{place}", "restaurant_staff", "restaurant_staff:x", ":", "CUSTOMER"),
        *(f"restaurant_staff:{place.upper()}", f"restaurant_staff:{place}:", f"restaurant_staff:{{{place}}}"),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  whatever its message, it is no grant
            Grant.parse(wrong)
