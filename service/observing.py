"""What the service tells of itself: a log line and figures for each request, never a text.

A line is one JSON object: when, which request (its id is also in the answer's ``X-Request-Id``),
what was asked by method and address template, the status, the time and the id of the key.
Neither bodies nor query values are logged.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

_log: Final = structlog.get_logger("service")


class Figures:
    """The metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "address", "status")
        self.requests = Counter(
            "stance_requests", "Requests answered", names, registry=self.registry
        )
        self.seconds = Histogram(
            "stance_request_seconds",
            "Time to the end of an answer",
            ("method", "address"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.inside = self._gauge("stance_requests_inside", "Requests being answered")
        self.waiting = self._gauge("stance_analyses_waiting", "Texts waiting for the model")
        self.ready = self._gauge("stance_ready", "1 once the model is warm")
        self.worker = self._gauge("stance_worker_alive", "1 while the worker of jobs runs")
        self.jobs = Gauge("stance_jobs", "Jobs by state", ("state",), registry=self.registry)
        self.model = Gauge(
            "stance_model", "1 for the model that answers", ("version",), registry=self.registry
        )

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self.registry)


class Observed:
    """Gives each request an id, logs and counts it, and adds the headers of every answer."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self.app, self.figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _ID.fullmatch(given) else uuid.uuid4().hex
        began, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = name
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        self.figures.inside.inc()
        structlog.contextvars.bind_contextvars(request=name)
        try:
            await self.app(scope, receive, told)
        finally:
            self.figures.inside.dec()
            self._note(scope, status, time.perf_counter() - began)
            structlog.contextvars.unbind_contextvars("request")

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        address = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.figures.requests.labels(method, address, str(status)).inc()
        self.figures.seconds.labels(method, address).observe(seconds)
        key = scope.get("state", {}).get("key")
        _log.info(
            "request",
            method=method,
            address=address,
            status=status,
            milliseconds=round(1000 * seconds, 1),
            key=None if key is None else key.id,
        )


def set_up_log(level: str) -> None:
    """Log as JSON on standard error, also what the libraries say."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("service").setLevel(level.upper())
