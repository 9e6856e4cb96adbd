"""The application: routes, limits and errors put together around one tracker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio.to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from service.context import Context, Worker
from service.data import data
from service.ingesting import ARTICLES, ingesting
from service.limits import BodyLimit, Crowd
from service.metrics import metrics
from service.models import Models
from service.observing import Observed
from service.pages.views import forms, pages, styles
from service.problems import HANDLERS, MEDIA_TYPE
from service.reviewing import reviewing
from service.routes import health, v1
from service.settings import Settings
from stance.pipeline import Tracker
from stance.store import Store

CONTRACT_VERSION: Final = "1.0.0"


def create_app(
    tracker: Tracker,
    settings: Settings,
    models: Models | None = None,
    store: Store | None = None,
    worker: Worker | None = None,
) -> FastAPI:
    """The service of a loaded tracker. The model is warmed when the app starts.

    With ``models``, the one that is current among them takes over while the service runs.
    ``store`` has the data that is told of; ``worker`` runs beside the app and works off the
    store's jobs.
    """
    context = Context(tracker, settings, models, store, worker)
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
    for router in (v1, data, pages, forms, styles, ingesting, reviewing, health, metrics):
        app.include_router(router)
    # the last one added sees a request first
    app.add_middleware(
        BodyLimit,
        most=settings.max_body_bytes,
        more={ARTICLES: settings.max_ingest_bytes},
        seconds=settings.body_seconds,
    )
    app.add_middleware(Crowd, most=settings.max_requests)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Location", "Retry-After", "X-Request-Id"],
        )
    app.add_middleware(Observed, figures=context.figures)
    return app


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The contract, with what FastAPI cannot know: the limits and the type of errors."""
        schema = super().openapi()
        context: Context = self.state.context
        schemas, settings = schema["components"]["schemas"], context.settings
        for name in ("AnalyzeRequest", "IngestedArticle"):
            schemas[name]["properties"]["text"]["maxLength"] = settings.max_text_characters
        schemas["IngestRequest"]["properties"]["articles"]["maxItems"] = settings.max_articles
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
    if context.worker:
        context.worker.start()
    try:
        await context.warm_up()
        yield
    finally:
        context.stop()
        if context.worker:
            await anyio.to_thread.run_sync(context.worker.stop)


def _description(settings: Settings) -> str:
    return (
        "Where political actors stand on issues, sentence by sentence, with the evidence.\n\n"
        "Every answer names the versions of data, model and codebook. Every error is a problem "
        "document (RFC 9457). Unknown parameters and fields are refused.\n\n"
        "Limits, refused past and never cut: a body has at most "
        f"{settings.max_body_bytes} bytes, a text to analyze at most "
        f"{settings.max_text_characters} characters; a request brings at most "
        f"{settings.max_articles} articles and {settings.max_ingest_bytes} bytes of them; "
        f"{settings.parallel_analyses} analyses run "
        f"at once and {settings.max_waiting_analyses} wait; {settings.max_requests} requests are "
        "answered at once. What is too much is refused with 429 and Retry-After. A body must be "
        f"there within {settings.body_seconds:g} seconds and must not be compressed.\n\n"
        "A key is shown as `Authorization: Bearer KEY`. On this machine alone reading needs none."
    )
