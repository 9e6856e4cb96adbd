"""Where the data that ships with the project lies: the seeds and the default model.

An installed wheel carries the seeds inside the package; a checkout has them beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent


def seeds() -> Path:
    """The folder with ``actors.yaml``, ``issues.yaml``, ``articles/`` and ``statements/``."""
    inside = _PACKAGE / "seeds"
    return inside if inside.is_dir() else _PACKAGE.parent / "seeds"


def default_model() -> Path:
    """The folder of the model that ships with the package."""
    return _PACKAGE / "models" / "default"


def topics() -> Path:
    """The folder of the network that finds issues without their cue words (`stance.topics`)."""
    return _PACKAGE / "models" / "topics"
