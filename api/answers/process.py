"""What a process says of itself."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """Whether the process lives, or can serve."""

    status: Literal["alive", "ready"]
