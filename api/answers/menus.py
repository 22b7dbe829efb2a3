"""What a menu looks like, and what an import of one changes."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.answers.fields import Version
from domain.restaurant.menu import MenuItem


class Menu(BaseModel):
    """A restaurant's menu."""

    restaurant_id: UUID
    items: list[MenuItem]
    version: Version


class MenuFile(BaseModel):
    """A whole menu, as ``PUT /menu`` takes it."""

    items: list[MenuItem]


class MenuFieldChange(BaseModel):
    """One field of one item, before and after."""

    item_id: str
    field: str
    before: Annotated[Any, Field(alias="from")]
    after: Annotated[Any, Field(alias="to")]


class MenuDifferences(BaseModel):
    """What an import changes, or would change."""

    dry_run: bool
    added: list[str]
    removed: list[str]
    changed: list[MenuFieldChange]
    reordered: Annotated[bool, Field(description="Whether items that stay stand in another order.")]
    version: Version
