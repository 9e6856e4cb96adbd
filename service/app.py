"""The application: routes, limits and errors put together around one tracker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from service.context import Context
from service.limits import BodyLimit
from service.models import Models
from service.problems import HANDLERS, MEDIA_TYPE
from service.routes import health, v1
from service.settings import Settings
from stance.pipeline import Tracker

CONTRACT_VERSION: Final = "1.0.0"


def create_app(tracker: Tracker, settings: Settings, models: Models | None = None) -> FastAPI:
    """The service of a loaded tracker. The model is warmed when the app starts.

    With ``models``, the one that is current among them takes over while the service runs.
    """
    context = Context(tracker, settings, models)
    app = _Service(
        title="Stance tracker",
        version=CONTRACT_VERSION,
        description=_description(settings),
        lifespan=_lifespan,
        exception_handlers=HANDLERS,
        redirect_slashes=False,
        docs_url=None,  # these pages load scripts from another host
        redoc_url=None,
    )
    app.state.context = context
    app.include_router(v1)
    app.include_router(health)
    app.add_middleware(BodyLimit, most=settings.max_body_bytes)
    return app


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The contract, with what FastAPI cannot know: the limits and the type of errors."""
        schema = super().openapi()
        context: Context = self.state.context
        text = schema["components"]["schemas"]["AnalyzeRequest"]["properties"]["text"]
        text["maxLength"] = context.settings.max_text_characters
        for path in schema["paths"].values():
            for operation in path.values():
                _retype_errors(operation["responses"])
        return schema


def _retype_errors(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status >= "400" and "application/json" in response["content"]:
            response["content"][MEDIA_TYPE] = response["content"].pop("application/json")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    await context.warm_up()
    yield
    context.stop()


def _description(settings: Settings) -> str:
    return (
        "Where political actors stand on issues, sentence by sentence, with the evidence.\n\n"
        "Every answer names the versions of data, model and codebook. Every error is a problem "
        "document (RFC 9457). Unknown parameters and fields are refused.\n\n"
        "Limits, refused past and never cut: a body has at most "
        f"{settings.max_body_bytes} bytes, a text to analyze at most "
        f"{settings.max_text_characters} characters; {settings.parallel_analyses} analyses run "
        "at once and others wait."
    )
