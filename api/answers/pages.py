"""What a list answers with: a page at a time."""

from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a list; ``next_cursor`` is null on the last."""

    data: list[T]
    next_cursor: str | None
