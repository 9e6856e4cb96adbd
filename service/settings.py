"""What the service is told when it starts: where it listens and what it refuses."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """The address and the limits; each limit is refused past, nothing is ever cut."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes any free port")
    max_body_bytes: int = Field(
        default=2 * 1024 * 1024,
        ge=1,
        description="of a request; the longest text fits with every character escaped",
    )
    max_text_characters: int = Field(default=100_000, ge=1, description="of a text to analyze")
    parallel_analyses: int = Field(
        default=2, ge=1, description="that run at once; each one uses several cores by itself"
    )
