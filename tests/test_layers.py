"""Who may import whom, read from the source: nothing is imported to find out."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("stance", "training", "service")
FORBIDDEN = {
    "stance": {"training", "service"},
    "training": {"service"},
    "service": {"training"},
}
HEAVY = {"torch", "transformers", "datasets", "accelerate", "onnx"}
STAGES = "sentences mentions candidates scorer positions shifts reading pages tables plots".split()
CHAIN = "sentences mentions candidates scorer positions shifts".split()


def modules(package: str) -> dict[str, Path]:
    """The modules of a package by dotted name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str, path: Path) -> frozenset[str]:
    """The modules that a module imports, wherever in it; ``from a import b`` is ``a.b`` where
    that is a module of ours."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, path, node)
            inner = [f"{base}.{alias.name}" for alias in node.names]
            found.update(name if _is_ours(name) else base for name in inner)
    return frozenset(found)


def _is_ours(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _absolute(module: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def everything() -> list[tuple[str, Path]]:
    """All modules of the three packages."""
    return [item for package in PACKAGES for item in modules(package).items()]


def tops(module: str, path: Path) -> set[str]:
    """The packages a module imports from."""
    return {name.split(".")[0] for name in imports(module, path)}


def test_there_is_something_to_check() -> None:
    assert {f"stance.{stage}" for stage in STAGES} <= set(modules("stance"))
    assert "stance.records" in imports("stance.sentences", ROOT / "stance" / "sentences.py")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_import_in_one_direction(package: str) -> None:
    wrong = {
        module: sorted(found)
        for module, path in modules(package).items()
        if (found := tops(module, path) & FORBIDDEN[package])
    }
    assert wrong == {}


@pytest.mark.parametrize("package", ["stance", "service"])
def test_the_library_and_the_service_need_no_training_library(package: str) -> None:
    wrong = {
        module: sorted(found)
        for module, path in modules(package).items()
        if (found := tops(module, path) & HEAVY)
    }
    assert wrong == {}


def test_tests_and_tools_are_imported_by_nobody() -> None:
    wrong = [m for m, path in everything() if tops(m, path) & {"tests", "conftest", "pytest"}]
    assert wrong == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_neither_the_pipeline_nor_the_command_line(stage: str) -> None:
    path = modules("stance")[f"stance.{stage}"]
    assert imports(f"stance.{stage}", path) & {"stance.pipeline", "stance.cli"} == set()


@pytest.mark.parametrize("stage", CHAIN)
def test_the_stages_do_not_import_each_other(stage: str) -> None:
    path = modules("stance")[f"stance.{stage}"]
    others = {f"stance.{other}" for other in CHAIN if other != stage}
    assert imports(f"stance.{stage}", path) & others == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    known = modules(package)
    graph = {module: imports(module, path) & set(known) for module, path in known.items()}
    assert _cycle(graph) == []


def _cycle(graph: dict[str, frozenset[str]]) -> list[str]:
    """The modules of one import cycle, or nothing."""
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        for other in sorted(graph[module] - {module}):
            if found := visit(other, [*trail, module]):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := visit(module, []))), [])


def test_a_cycle_would_be_found() -> None:
    graph = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset("a")}
    assert _cycle(graph) == ["a", "b", "c", "a"]
    assert _cycle({"a": frozenset("b"), "b": frozenset()}) == []
