"""What went wrong, as every operation but those of OAuth tells it."""

from datetime import datetime
from typing import Annotated, NotRequired

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from domain.money import Money
from domain.order.state import Stage


class Fault(BaseModel):
    """One field at fault."""

    pointer: Annotated[str, Field(description="JSON pointer into the body, or /query/NAME, or /header/NAME.")]
    code: str
    detail: str
    line: Annotated[int, Field(ge=1, description="Of an imported menu: where in the file.")] = 1
    column: Annotated[int, Field(ge=1, description="Of an imported menu: the cell in CSV, the character in JSON.")] = 1


class Problem(TypedDict):
    """What went wrong (RFC 9457); ``code`` is for programs, ``detail`` for people."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: Annotated[str, Field(description="The request's path.")]
    code: str
    request_id: Annotated[str, Field(description="As in the Request-Id header; quote it when you ask for help.")]
    errors: list[Fault]
    stage: NotRequired[Annotated[Stage, Field(description="Of a refused step: where the order stands.")]]
    allowed_actions: NotRequired[
        Annotated[list[str], Field(description="Of a refused step: those that whoever asks may take now.")]
    ]
    version: NotRequired[Annotated[int, Field(description="Of a refused step or If-Match: the present version.")]]
    expected: NotRequired[Annotated[int, Field(description="Of a refused If-Match: the version that it named.")]]
    total: NotRequired[Annotated[Money, Field(description="Of a changed price: the new total.")]]
    minimum: NotRequired[Annotated[Money, Field(description="What the lines have to cost at least.")]]
    opens_at: NotRequired[Annotated[datetime | None, Field(description="Of a closed restaurant: when it serves next.")]]
    earliest: NotRequired[Annotated[datetime, Field(description="Of a time too soon: how soon it can be.")]]
    latest: NotRequired[Annotated[datetime, Field(description="Of a time too far ahead: the latest there is.")]]
    group_id: NotRequired[Annotated[str, Field(description="Of refused modifiers: their group.")]]
    option_id: NotRequired[Annotated[str, Field(description="Of a refused modifier.")]]
    min: NotRequired[Annotated[int, Field(description="Of a group of modifiers: how many must be taken.")]]
    max: NotRequired[Annotated[int, Field(description="Of a group of modifiers: how many may be taken.")]]
    item_id: NotRequired[Annotated[str, Field(description="Of a refused menu item.")]]
