"""What the service is told: where it listens, what it keeps, what it refuses.

A setting is taken from the first of these that names it: the command line, the environment
(``STANCE_`` and the name in capitals), the file, the default given here.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from stance.errors import StanceError, UnknownNameError

PREFIX: Final = "STANCE_"
FILE: Final = "STANCE_CONFIG"
_RATE: Final = 600
_OTHERS: Final = {FILE, "STANCE_MODELS", "STANCE_CORPORA"}
"""Variables of the prefix that are no settings of the service."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; no other name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseModel):
    """All of it; each limit is refused past, nothing is ever cut."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes any free port")
    db: str | None = Field(
        default=None, description="the store; without it a SQLite file among the user's data"
    )
    model: str | None = Field(
        default=None,
        description="a model folder or a published version; without it the current model",
    )
    max_body_bytes: int = Field(
        default=2 * 1024 * 1024,
        ge=1,
        description="of a request; the longest text fits with every character escaped",
    )
    max_ingest_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1, description="of a request that brings articles"
    )
    max_text_characters: int = Field(default=100_000, ge=1, description="of a text to analyze")
    max_articles: int = Field(default=1_000, ge=1, description="in one request")
    max_waiting_jobs: int = Field(
        default=100, ge=1, description="of the queue; a further one is refused with 429"
    )
    parallel_analyses: int = Field(
        default=2, ge=1, description="that run at once; each one uses several cores by itself"
    )
    max_waiting_analyses: int = Field(
        default=32, ge=1, description="beside those that run; a further one is refused with 429"
    )
    max_wait_seconds: float = Field(
        default=15.0, gt=0, description="that a text may wait for the model, else 429"
    )
    batch_characters: int = Field(
        default=20_000, ge=1, description="of waiting texts that are put to the model together"
    )
    max_requests: int = Field(
        default=40, ge=1, description="answered at once; a further one is refused with 429"
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=0,
        description="of one key or address; 0 is without a limit, and the default is 600, on "
        "loopback none",
    )
    body_seconds: float = Field(
        default=30.0, gt=0, description="in which a request's body must be there, else 408"
    )
    open_reading: bool = Field(
        default=False, description="reading needs no key, also on another address than loopback"
    )
    cors_origins: list[str] = Field(
        default_factory=list, description="pages of other sites that may ask, such as https://x.org"
    )
    job_lease: float = Field(
        default=30.0, gt=0, description="seconds after which a silent worker has lost its job"
    )
    parallel_queries: int = Field(
        default=8, ge=1, description="of the store that run at once; others wait"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="of the log, one JSON object a line on standard error"
    )

    @property
    def rate(self) -> int:
        """Requests a minute of one key or address; 0 is without a limit."""
        if self.requests_per_minute is not None:
            return self.requests_per_minute
        return 0 if is_loopback(self.host) else _RATE

    @property
    def address(self) -> str:
        """The store's address, the default one where none is set."""
        return self.db or str(default_store())


def default_store() -> Path:
    """The SQLite file that is used where no store is named."""
    return user_data_path("stance", appauthor=False) / "stance.db"


def default_file() -> Path:
    """The file that is read where ``STANCE_CONFIG`` names none and it exists."""
    return user_config_path("stance", appauthor=False) / "service.toml"


class _Sources(Settings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        found = [init_settings, env_settings]
        if (file := _file()) is not None:
            found.append(TomlConfigSettingsSource(settings_cls, file))
        return tuple(found)


def load_settings(given: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a start; ``given`` stood on the command line, None for what did not.

    Raises ``StanceError`` for a value or a file that cannot be read, and ``UnknownNameError``
    for a setting that there is not, in the file or in the environment.
    """
    _check_names(_variables(), "setting in the environment", PREFIX)
    file = _file()
    try:
        inside = {} if file is None else tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise StanceError(f"{file}: cannot be read: {reason}") from None
    except tomllib.TOMLDecodeError as error:
        raise StanceError(f"{file}: no TOML: {error}") from None
    _check_names(inside, f"setting in {file}", "")
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    try:
        return _Sources(**chosen)
    except SettingsError as error:
        raise StanceError(f"settings: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise StanceError(f"setting '{name}': {first['msg']} (from {_origin(name, chosen)})") from (
            None
        )


def _file() -> Path | None:
    if given := os.environ.get(FILE):
        return Path(given).expanduser()
    return file if (file := default_file()).is_file() else None


def _variables() -> list[str]:
    return [name for name in os.environ if name.startswith(PREFIX) and name not in _OTHERS]


def _check_names(names: Any, what: str, prefix: str) -> None:
    known = {prefix + (name.upper() if prefix else name) for name in Settings.model_fields}
    for name in names:
        if name not in known:
            raise UnknownNameError(what, name, known)


def _origin(name: str, chosen: Mapping[str, Any]) -> str:
    if name in chosen:
        return "the command line"
    variable = PREFIX + name.upper()
    return variable if variable in os.environ else str(_file())
