"""Fields that several answers have."""

from typing import Annotated

from pydantic import Field

from domain.ids import NUMBER_CHARS

Version = Annotated[int, Field(ge=1, description="How many events the record has; its ETag.")]
Number = Annotated[str, Field(pattern=f"^[0-9A-HJKMNP-TV-Z]{{{NUMBER_CHARS}}}$", description="To be said aloud.")]
