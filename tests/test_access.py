"""Who may ask what: every address with no key, with a wrong one and with one of each scope."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from stored import articles, make_tracker
from test_service import unstarted
from typer.testing import CliRunner

from service.access import Needs, Open
from service.app import create_app
from service.cli import serve
from service.settings import Settings
from stance import cli
from stance.errors import StanceError, StoreError, UnknownNameError
from stance.store import Store, ingest
from stance.store.keys import LONGEST_NAME, SCOPES, KeyScope

OTHERS = "0.0.0.0"
STATELESS = {("POST", "/v1/analyze")}
"""Asked with POST, though nothing is kept of it."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A file alone: what keys do differs by no database but for `test_keys_are_kept`."""
    with Store.open(str(tmp_path / "stance.db")) as opened:
        yield opened


def app(store: Store | None, **settings: Any) -> FastAPI:
    return create_app(make_tracker(), Settings(**settings), store=store)


def all_routes(routes: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    """Newer versions of FastAPI keep an included router as one, older ones its routes."""
    for route in routes:
        inside = getattr(route, "original_router", None)
        yield from [route] if inside is None else all_routes(inside.routes)


def guards(route: APIRoute) -> list[Needs | Open]:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    return [call for call in calls if isinstance(call, Needs | Open)]


def scopes(route: APIRoute) -> set[KeyScope]:
    return {guard.scope for guard in guards(route) if isinstance(guard, Needs)}


ALL = list(all_routes(app(None).routes))
ROUTES = [route for route in ALL if isinstance(route, APIRoute)]
ASKED = [(method, route) for route in ROUTES for method in sorted(route.methods)]
GUARDED = [(method, route) for method, route in ASKED if scopes(route)]


def named(asked: tuple[str, APIRoute]) -> str:
    return f"{asked[0]} {asked[1].path}"


def ask(
    service: FastAPI, method: str, path: str, key: str | None = None, **headers: str
) -> httpx.Response:
    async def send() -> httpx.Response:
        given = {"authorization": f"Bearer {key}"} if key else {}
        async with unstarted(service) as client:
            filled = re.sub(r"\{[^}]*\}", "x", path)
            body: dict[str, Any] = {} if method in ("GET", "HEAD") else {"json": {}}
            return await client.request(method, filled, headers=given | headers, **body)

    return asyncio.run(send())


# Every address, as the app has it


def test_there_are_addresses_of_each_kind() -> None:
    found = {named(one) for one in ASKED}
    assert {"GET /v1/actors", "POST /v1/articles", "GET /metrics", "GET /v2/health/live"} <= found
    assert {"POST /v1/positions/{id}/review"} <= found


def test_every_address_says_who_may_ask_it() -> None:
    assert [route.path for route in ROUTES if not guards(route)] == []
    others = {getattr(one, "path", "") for one in ALL if not isinstance(one, APIRoute)}
    assert {path for path in others if not path.startswith("/static")} == {"/openapi.json"}


def test_only_health_and_style_are_for_everybody() -> None:
    free = {route.path for route in ROUTES if not scopes(route)}
    assert free == {"/v2/health/live", "/v2/health/ready", "/style.css"}


def test_what_changes_something_takes_more_than_reading() -> None:
    weak = {
        (method, route.path)
        for method, route in ASKED
        if method not in ("GET", "HEAD") and scopes(route) <= {"read"}
    }
    assert weak == STATELESS


@pytest.mark.parametrize("asked", GUARDED, ids=named)
def test_an_address_with_no_wrong_and_right_keys(asked: tuple[str, APIRoute], store: Store) -> None:
    method, route = asked
    service = app(store, host=OTHERS)
    given = {scope: store.add_key(scope, [scope])[1] for scope in SCOPES}
    gone = store.add_key("gone", ["admin"])[1]
    store.revoke_key("gone")
    wrong = given["admin"][:-5] + ("aaaaa" if given["admin"][-5:] != "aaaaa" else "bbbbb")
    for key in (None, "", wrong, gone, "x" * 5000, f"stance_{'0' * 8}_{'A' * 43}"):
        answer = ask(service, method, route.path, key)
        assert answer.status_code == 401, key
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "stance_" not in answer.text
    for scope in SCOPES:
        may = scope == "admin" or scopes(route) <= {"read", scope}
        status = ask(service, method, route.path, given[scope]).status_code
        assert (status not in (401, 403)) if may else (status == 403), scope


@pytest.mark.parametrize("given", ["Basic eDp5", "Bearer", "Bearer ", "stance", "bearer\tx"])
def test_another_kind_of_authorization(given: str, store: Store) -> None:
    for host in (OTHERS, "127.0.0.1"):  # also where none would be needed
        answer = ask(app(store, host=host), "GET", "/v1/actors", authorization=given)
        assert answer.status_code == 401, host


# This machine


def test_on_this_machine_all_is_open_until_there_is_a_key(store: Store) -> None:
    service = app(store)
    assert ask(service, "GET", "/v1/actors").status_code == 200
    assert ask(service, "POST", "/v1/articles").status_code == 422
    assert ask(service, "POST", "/v1/positions/x/review").status_code == 422
    _, key = store.add_key("a", ["write"])
    assert ask(service, "GET", "/v1/actors").status_code == 200
    assert ask(service, "POST", "/v1/articles").status_code == 401
    assert ask(service, "POST", "/v1/articles", key).status_code == 422
    store.revoke_key("a")
    assert ask(service, "POST", "/v1/articles", key).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_name_that_points_here_gets_nothing_without_a_key(host: str, store: Store) -> None:
    service = app(store)
    assert ask(service, "GET", "/v1/actors", host=host).status_code == 421
    _, key = store.add_key("a", ["read"])
    assert ask(service, "GET", "/v1/actors", key, host=host).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:1"])
def test_this_machine_by_its_names(host: str, store: Store) -> None:
    assert ask(app(store), "GET", "/v1/actors", host=host).status_code == 200


def test_reading_may_be_opened_to_others_but_not_writing(store: Store) -> None:
    service = app(store, host=OTHERS, open_reading=True)
    assert ask(service, "GET", "/v1/actors").status_code == 200
    assert ask(service, "POST", "/v1/articles").status_code == 401
    assert ask(service, "GET", "/v1/actors", "x").status_code == 401


def test_the_service_does_not_start_for_others_while_writing_is_open(tmp_path: Path) -> None:
    db = str(tmp_path / "db")
    with pytest.raises(StanceError, match="stance keys add"):
        serve(host=OTHERS, db=db)
    with Store.open(db) as store:
        store.add_key("a", ["write"])
        store.revoke_key("a")
    with pytest.raises(StanceError, match="stance keys add"):
        serve(host=OTHERS, db=db)


def test_other_sites_are_told_nothing_unless_listed(store: Store) -> None:
    site = "https://site.example"
    closed = ask(app(store), "GET", "/v1/actors", origin=site)
    assert "access-control-allow-origin" not in closed.headers
    opened = app(store, cors_origins=[site])
    assert ask(opened, "GET", "/v1/actors", origin=site).headers[
        "access-control-allow-origin"
    ] == site  # fmt: skip
    other = ask(opened, "GET", "/v1/actors", origin="https://other.example")
    assert "access-control-allow-origin" not in other.headers


# Reviews carry the key's name


def test_a_review_changes_the_cell_and_keeps_its_origin(store: Store) -> None:
    ingest(store, make_tracker(), articles())
    row = next(r for r in store.rows() if (r.position.actor, r.position.issue) == ("borea", "ban"))
    _, key = store.add_key("coder 7", ["review"])
    service, address = app(store), f"/v1/positions/{row.id}"

    def send(body: dict[str, Any], with_key: str | None = key) -> httpx.Response:
        async def post() -> httpx.Response:
            headers = {"authorization": f"Bearer {with_key}"} if with_key else {}
            async with unstarted(service) as client:
                return await client.post(f"{address}/review", json=body, headers=headers)

        return asyncio.run(post())

    before = [c for c in store.matrix() if (c.actor, c.issue) == ("borea", "ban")]
    answer = send({"stance": "oppose", "note": "irony"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["review"]["reviewer"] == "coder 7"
    assert answer.json()["position"]["stance"] == "oppose"
    assert answer.json()["position"]["reviewed"] == "yes"
    after = [c for c in store.matrix() if (c.actor, c.issue) == ("borea", "ban")]
    assert after != before
    second = send({"stance": "none"})
    assert second.json()["position"] is None
    assert second.json()["review"]["supersedes"] == answer.json()["review"]["number"]
    assert send({"stance": "support"}).status_code == 201  # also of one that shows none now
    kept = ask(service, "GET", f"{address}/reviews").json()["reviews"]
    assert [one["stance"] for one in kept] == ["oppose", "none", "support"]
    assert send({"stance": "support", "reviewer": "somebody else"}).status_code == 422
    assert send({"stance": "maybe"}).status_code == 422
    assert send({"stance": "support"}, with_key=None).status_code == 401


def test_a_review_without_a_key_names_its_reviewer(store: Store) -> None:
    ingest(store, make_tracker(), articles())
    address = f"/v1/positions/{store.rows(limit=1)[0].id}/review"

    async def send(**body: str) -> httpx.Response:
        async with unstarted(app(store)) as client:
            return await client.post(address, json=body)

    assert "names its reviewer" in asyncio.run(send(stance="support")).json()["detail"]
    assert asyncio.run(send(stance="support", reviewer=" ")).status_code == 422
    answer = asyncio.run(send(stance="support", reviewer="An"))
    assert answer.json()["review"]["reviewer"] == "An"


# Keys in the store and on the command line


def test_keys_are_kept(store_url: str) -> None:
    with Store.open(store_url) as store:
        assert not store.has_keys()
        key, secret = store.add_key("An", ["review", "write"])
        assert key.scopes == ("write", "review")
        assert store.find_key(secret) == key
        with store.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT * FROM api_keys").all()
        assert secret.rpartition("_")[2] not in str(rows)
        with pytest.raises(StoreError, match="already"):
            store.add_key("An", ["read"])
        assert store.revoke_key("An").revoked is not None
        assert store.find_key(secret) is None
        assert not store.has_keys()
        again, _ = store.add_key("An", ["read"])
        kept = store.keys()
        assert [(one.id, one.revoked is None) for one in kept] == [
            (key.id, False),
            (again.id, True),
        ]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * (LONGEST_NAME + 1)])
def test_a_key_has_a_name_that_can_be_shown(name: str, store: Store) -> None:
    with pytest.raises(StoreError, match="name"):
        store.add_key(name, ["read"])


def test_a_scope_that_there_is_not(store: Store) -> None:
    with pytest.raises(UnknownNameError, match="did you mean write"):
        store.add_key("a", ["wite"])


def test_keys_on_the_command_line(tmp_path: Path) -> None:
    db = ["--db", str(tmp_path / "db")]
    cli._add_commands()

    def call(*arguments: str) -> Any:
        return CliRunner().invoke(cli.app, ["keys", *arguments, *db])

    assert "no keys yet" in call("list").stderr
    made = call("add", "An", "--scope", "write", "--scope", "review")
    assert made.exit_code == 0
    assert re.fullmatch(r"stance_[0-9a-f]{8}_[\w-]{43}\n", made.stdout)
    listed = call("list").stdout
    assert "An\twrite,review" in listed
    assert "in use" in listed
    assert made.stdout.strip() not in listed
    assert "is revoked" in call("revoke", "An").stdout
    assert "revoked" in call("list").stdout
    assert isinstance(call("revoke", "An").exception, UnknownNameError)
    assert isinstance(call("add", "B", "--scope", "all").exception, UnknownNameError)
