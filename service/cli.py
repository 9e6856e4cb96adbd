"""``stance serve``: the service on this machine. What it needs is imported when it runs."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import Annotated

import typer

from stance.errors import StanceError

_PATIENCE = 30
"""Seconds that running requests get when the service is told to stop."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine only.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8000,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model folder or a published version; without it the current model answers, "
            "also when another becomes current."
        ),
    ] = None,
) -> None:
    """Answer over HTTP: actors, issues, and the positions of a text."""
    if not is_loopback(host):
        raise StanceError(
            f"{host}: only this machine may be served (127.0.0.1, ::1 or localhost), "
            "since there are no keys yet that would keep others out"
        )

    import uvicorn

    from service.app import create_app
    from service.models import PublishedModels
    from service.settings import Settings
    from stance.pipeline import Tracker
    from stance.registry import default_registry

    with _listen(host, port) as listener:
        tracker = Tracker.load(model=model)
        models = PublishedModels(default_registry()) if model is None else None
        app = create_app(tracker, Settings(host=host, port=port), models)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        address = _address(host, listener)
        typer.echo(f"Serving {address} (contract: {address}/openapi.json), stop with Ctrl-C")
        with suppress(KeyboardInterrupt):  # which comes again after an orderly stop
            server.run(sockets=[listener])
        if not server.started:
            raise StanceError("the service could not start; the reason stands above")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; no other name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    """A socket of our own, so that a taken port is told before the model is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or "cannot be listened on").partition(" (")[0].lower()
        raise StanceError(f"{host}, port {port}: {reason}") from None


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
