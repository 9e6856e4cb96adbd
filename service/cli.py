"""``stance serve``: the service on this machine. What it needs is imported when it runs."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.errors import StanceError

if TYPE_CHECKING:
    from service.settings import Settings
    from stance.store import Store

_PATIENCE = 30
"""Seconds that running requests get when the service is told to stop."""


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port to listen on; 0 takes any free one.", show_default="8000"
        ),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            help="The store: a file, sqlite:///FILE or postgresql://HOST/NAME; without it a file "
            "among your own data."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model folder or a published version; without it the current model answers, "
            "also when another becomes current."
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Store the demonstration articles, in the background.")
    ] = False,
) -> None:
    """Answer over HTTP: actors, issues, and the positions of stored and of given texts.

    Further settings: service/README.md.
    """
    from service.observing import set_up_log
    from service.settings import load_settings

    settings = load_settings({"host": host, "port": port, "db": db, "model": model})
    import uvicorn

    from service.app import create_app
    from service.models import PublishedModels
    from service.server import PromptProtocol
    from service.worker import WorkerProcess
    from stance.pipeline import Tracker
    from stance.registry import default_registry

    with ExitStack() as opened:
        store = opened.enter_context(_open(settings))
        _check_closed(settings, store)
        listener = opened.enter_context(_listen(settings.host, settings.port))
        set_up_log(settings.log_level)
        tracker = Tracker.load(model=settings.model)
        models = PublishedModels(default_registry()) if settings.model is None else None
        app = create_app(tracker, settings, models, store, WorkerProcess(settings))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=PromptProtocol,
                ws="none",
                log_config=None,  # ours stands already
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        address = _address(settings.host, listener)
        typer.echo(f"Serving {address} (contract: {address}/openapi.json), stop with Ctrl-C")
        typer.echo(_told(store, demo=demo))
        with suppress(KeyboardInterrupt):  # which comes again after an orderly stop
            server.run(sockets=[listener])
        if not server.started:
            raise StanceError("the service could not start; the reason stands above")


def _open(settings: Settings) -> Store:
    """The store, brought up to date; the default one is made where there is none."""
    from stance.store import Store

    if settings.db is None:
        Path(settings.address).parent.mkdir(parents=True, exist_ok=True)
    return Store.open(settings.address, upgrade=True)


def _check_closed(settings: Settings, store: Store) -> None:
    """Refuses an address that others reach while nobody has a key."""
    from service.settings import is_loopback

    if not is_loopback(settings.host) and not store.has_keys():
        raise StanceError(
            f"{settings.host}: others can reach this address, and the store has no key that would "
            "keep them from writing; make one with 'stance keys add NAME --scope write' "
            "(and --db, as here), or serve 127.0.0.1"
        )


def _told(store: Store, *, demo: bool) -> str:
    """What is in the store, and what can be done where nothing is."""
    if demo:
        from service.demo import demonstration
        from service.ingesting import submit

        job = submit(store, demonstration(), most_waiting=None)
        assert job is not None
        if job.state != "done":
            return (
                f"Store {store.address}: {job.total} demonstration articles are being added, "
                f"see /v1/jobs/{job.id}"
            )
    count = store.count_articles()
    if count:
        return f"Store {store.address}: {count} articles"
    return (
        f"Store {store.address}: no articles yet; POST /v1/articles or 'stance run --db' adds "
        "yours, 'stance serve --demo' the demonstration articles"
    )


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
