"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from fakes import FakeScorer

from stance.positions import (
    _RULES,
    BOTH_SIDES,
    CREDIBLE,
    LEANING,
    MIN_N,
    MOSTLY,
    NEUTRAL_BAND,
    STATES,
    WIDEST,
)
from stance.register import load_actors, load_issues
from stance.tables import MATRIX_COLUMNS, POSITION_COLUMNS, SHIFT_COLUMNS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [POSITION_COLUMNS, MATRIX_COLUMNS, SHIFT_COLUMNS])
def test_the_readme_lists_the_columns(columns: tuple[str, ...]) -> None:
    assert f"`{', '.join(columns)}`" in README


def test_every_state_is_explained() -> None:
    table = README.partition("| state | when |")[2].partition("\n\n")[0]
    heads = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    told = [state.strip() for head in heads for state in head.split(",")]
    # in the order in which the code tries them, and with its limits
    assert told == list(dict.fromkeys(["no evidence", *(state for state, _ in _RULES)]))
    assert set(told) == set(STATES)
    assert f"wider than {WIDEST}" in table
    assert f"above +{NEUTRAL_BAND}, or wholly below -{NEUTRAL_BAND}" in table
    assert f"at least {BOTH_SIDES:.0%} of" in table.replace(" %", "%")
    assert f"probability of {LEANING:.0%}" in table.replace(" %", "%")
    assert f"{CREDIBLE:.0%} interval" in table.replace(" %", "%")
    assert MOSTLY == 0.5
    assert f"`--min-n` ({MIN_N})" in table


def test_every_command_is_mentioned() -> None:
    from stance import cli

    cli._add_commands()
    commands = [c.name or c.callback.__name__ for c in cli.app.registered_commands if c.callback]
    text = README + (ROOT / "training" / "README.md").read_text(encoding="utf-8")
    assert {"run", "matrix", "shifts", "analyze", "evaluate", "train", "serve"} <= set(commands)
    assert all(f"stance {command}" in text for command in commands)


def test_the_python_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stance.pipeline.OnnxScorer", lambda folder, threads: FakeScorer())
    # what asks a service runs in test_client.py
    code = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    alone = [block for block in code if "http://" not in block]
    assert alone
    for block in alone:
        exec(block.replace("vetoed new sanctions", "rejects new sanctions"), {})
    assert "orban sanctions oppose" in capsys.readouterr().out


def test_the_yaml_example_loads(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    both = yaml.safe_load(block)
    for part in ("actors", "issues"):
        (tmp_path / f"{part}.yaml").write_text(yaml.safe_dump({part: both[part]}), "utf-8")
    assert "alba" in load_actors([tmp_path / "actors.yaml"])
    assert "wine_tax" in load_issues([tmp_path / "issues.yaml"])


@pytest.mark.parametrize("page", sorted(p.relative_to(ROOT) for p in ROOT.glob("*.md")))
def test_links_lead_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or (ROOT / page.parent / target).exists(), f"{page}: {target}"


def test_architecture_names_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    modules = {p.stem for p in (ROOT / "stance").glob("*.py")} - {"__init__", "__main__"}
    missing = {m for m in modules if f"`{m}`" not in text}
    assert not missing
