"""``stance keys …``: who may do what over HTTP. What it needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stance.store import Store

keys = typer.Typer(help="Keys of the HTTP service.", no_args_is_help=True)

Db = Annotated[
    str | None,
    typer.Option("--db", help="The store that the service answers from; without it the usual one."),
]


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose it is; reviews carry this name.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, review or admin; may be given again.")
    ] = None,
    db: Db = None,
) -> None:
    """Make a key and print it, once."""
    with _open(db) as store:
        key, secret = store.add_key(name, scope or ["read"])
        typer.echo(
            f"key {key.id} '{key.name}' ({', '.join(key.scopes)}), shown this once:", err=True
        )
        typer.echo(secret)


@keys.command("list")
def list_keys(db: Db = None) -> None:
    """Print the keys, without their secrets."""
    with _open(db) as store:
        found = store.keys()
        for key in found:
            state = "in use" if key.revoked is None else f"revoked {key.revoked:%Y-%m-%d}"
            scopes = ",".join(key.scopes)
            typer.echo(f"{key.id}\t{key.name}\t{scopes}\t{key.created:%Y-%m-%d}\t{state}")
        if not found:
            typer.echo("no keys yet; make one with: stance keys add NAME --scope write", err=True)


@keys.command()
def revoke(key: Annotated[str, typer.Argument(help="Its id or its name.")], db: Db = None) -> None:
    """Make a key good for nothing; running services notice at once."""
    with _open(db) as store:
        gone = store.revoke_key(key)
        typer.echo(f"key {gone.id} '{gone.name}' is revoked")


def _open(db: str | None) -> Store:
    from service.settings import load_settings
    from stance.store import Store

    settings = load_settings({"db": db})
    if settings.db is None:
        Path(settings.address).parent.mkdir(parents=True, exist_ok=True)
    return Store.open(settings.address)
