"""The settings of the service: which source wins, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings, default_store, load_settings
from stance.errors import StanceError, UnknownNameError

README = Path(__file__).parent.parent / "service" / "README.md"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file that is read."""
    path = tmp_path / "service.toml"
    path.write_text("port = 1\nmax_articles = 2\n", encoding="utf-8")
    monkeypatch.setenv("STANCE_CONFIG", str(path))
    return path


def test_command_line_environment_file_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().port == 1
    monkeypatch.setenv("STANCE_PORT", "2")
    assert load_settings().port == 2
    assert load_settings({"port": 3, "host": None}).port == 3
    assert load_settings().max_articles == 2
    assert load_settings().host == Settings().host


def test_lists_come_as_json(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCE_CORS_ORIGINS", '["https://a.example"]')
    assert load_settings().cors_origins == ["https://a.example"]
    monkeypatch.setenv("STANCE_CORS_ORIGINS", "https://a.example")
    with pytest.raises(StanceError, match="cors_origins"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STANCE_PORT", "many", r"setting 'port': .*integer.* \(from STANCE_PORT\)"),
        ("STANCE_PORT", "70000", "65535"),
        ("STANCE_PROT", "1", "did you mean STANCE_PORT"),
        ("STANCE_CONFIG", "/nowhere/at.all", "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_environment(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StanceError, match=told) as caught:
        load_settings()
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("prot = 1", "did you mean port"),
        ("port = 'x'", r"setting 'port': .*service.toml"),
        ("port", "no TOML"),
    ],
)
def test_what_is_wrong_in_the_file(content: str, told: str, file: Path) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(StanceError, match=told) as caught:
        load_settings()
    assert len(str(caught.value).splitlines()) == 1


def test_unknown_names_are_of_their_kind(file: Path) -> None:
    file.write_text("prot = 1", encoding="utf-8")
    with pytest.raises(UnknownNameError):
        load_settings()


def test_a_store_of_ones_own_where_none_is_named() -> None:
    assert Settings().address == str(default_store())
    assert Settings(db="sqlite:///x").address == "sqlite:///x"


def test_requests_are_limited_where_others_can_send_them() -> None:
    assert Settings().rate == 0
    assert Settings(host="0.0.0.0").rate == 600
    assert Settings(host="0.0.0.0", requests_per_minute=0).rate == 0
    assert Settings(requests_per_minute=7).rate == 7


def test_the_table_of_the_readme_is_what_there_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", README.read_text(encoding="utf-8"), re.M)
    table = {name: default.strip().strip("`") for name, default in rows}
    expected: dict[str, Any] = {
        name: field.get_default(call_default_factory=True)
        for name, field in Settings.model_fields.items()
    }
    assert {n: table.get(n) for n in expected} == {n: _told(v) for n, v in expected.items()}


def _told(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else f"{value}"
