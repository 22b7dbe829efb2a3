"""What a user looks like."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Version
from api.answers.pages import Page
from domain.account.events import Grant, Kind
from domain.account.state import Standing


class User(BaseModel):
    """Somebody, or an app; of an erased account what was personal is null or says so."""

    id: UUID
    kind: Kind
    name: str | None
    email: str | None
    phone: str | None
    operator_id: Annotated[UUID | None, Field(description="Of an app: the operator that it belongs to.")]
    grants: list[Grant]
    status: Standing
    registered_at: datetime
    password_changed_at: datetime | None
    version: Version


class UserPage(Page[User]):
    """Users, newest first."""


class ClientSecret(BaseModel):
    """What an app signs in with; the secret is told this once."""

    client_id: UUID
    client_secret: str
