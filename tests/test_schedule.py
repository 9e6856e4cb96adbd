"""The schedules in the README, run as they are written: in a folder of their own, by the shell
that cron uses, and as systemd would start them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLACE = "/srv/news"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as the README has it, with one article and a broken row."""
    command = tmp_path / ".venv" / "bin" / "stance"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m stance "$@"\n')
    command.chmod(0o755)
    (tmp_path / "articles").mkdir()
    article = '{"text": "Orban vetoed new sanctions on Russia.", "date": "2025-06-01"}\n'
    (tmp_path / "articles" / "day.jsonl").write_text(article + "no json\n", encoding="utf-8")
    return tmp_path


def with_cron(place: Path) -> int:
    (line,) = blocks("crontab")
    command = re.fullmatch(r"\d+ \d+ \* \* \* (.*)\n", line)
    assert command is not None
    # cron knows neither the user's path nor settings
    shell = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", f"HOME={place}", "/bin/sh", "-c"]
    return subprocess.run(
        [*shell, command[1].replace(PLACE, str(place))], cwd="/", capture_output=True
    ).returncode


def with_systemd(place: Path) -> int:
    unit = blocks("ini")[0]
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit.replace(PLACE, str(place)), re.MULTILINE))
    assert settings["SuccessExitStatus"] == "3"
    return subprocess.run(
        settings["ExecStart"].split(), cwd=settings["WorkingDirectory"], env={}, capture_output=True
    ).returncode


def with_a_task(place: Path) -> int:
    (code,) = [block for block in blocks("python") if "subprocess" in block]
    names: dict[str, Callable[[], None]] = {}
    exec(code.replace(PLACE, str(place)), names)
    names["positions_of_the_day"]()
    return 3  # anything but 0 and 3 is an exception


@pytest.mark.parametrize("start", [with_cron, with_systemd, with_a_task])
def test_the_schedule_does_what_it_says(place: Path, start: Callable[[Path], int]) -> None:
    assert start(place) == 3
    table = (place / "positions.csv").read_text(encoding="utf-8")
    assert "orban,sanctions,oppose" in table
    assert '"row": 2' in (place / "errors.jsonl").read_text(encoding="utf-8")
    assert (place / "positions.csv.manifest.json").exists()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(place: Path) -> None:
    for unit in blocks("ini"):
        name = re.search(r"system/(stance\.\w+)", unit)
        assert name is not None
        (place / name[1]).write_text(unit.replace(PLACE, str(place)), encoding="utf-8")
    units = [str(place / f"stance.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    told = [line for line in done.stderr.splitlines() if "stance" in line]
    assert (done.returncode, told) == (0, [])
