"""The service against its own contract: requests made up from it, some in a row, all checks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from stored import articles, make_tracker

from service.app import create_app
from service.settings import Settings
from stance.store import Store, ingest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own imports
    import schemathesis

TRACKER = make_tracker()


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The contract of a service over the made-up articles."""
    with Store.open(str(tmp_path_factory.mktemp("data") / "stance.db")) as store:
        ingest(store, TRACKER, articles())
        service = create_app(TRACKER, Settings(), store=store)
        _, secret = store.add_key("tests", ["read", "write", "review"])
        yield schemathesis.openapi.from_asgi("/openapi.json", service, config=_config(secret))


def _config(secret: str) -> schemathesis.Config:
    """With a key, and all checks. Valid data may get 422: no schema tells whose name is known."""
    expected = ["2xx", "3xx", "404", "413", "415", "422", "429"]
    return schemathesis.Config.from_dict(
        {
            "headers": {"Authorization": f"Bearer {secret}"},
            "checks": {"positive_data_acceptance": {"expected-statuses": expected}},
        }
    )


OPERATIONS = sorted(
    (method.upper(), path)
    for path, item in create_app(TRACKER, Settings()).openapi()["paths"].items()
    for method in item
)
STEADY = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_in_the_contract(
    contract: schemathesis.BaseSchema, method: str, path: str
) -> None:
    """No 5xx, no answer outside its schema, and nothing taken that breaks it."""

    @STEADY
    @given(contract[path][method].as_strategy())
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate()

    check()


def test_requests_in_a_row_stay_in_the_contract(contract: schemathesis.BaseSchema) -> None:
    """Ids that one answer gives are asked for at another address."""
    machine = contract.as_state_machine()
    machine.run(
        settings=settings(STEADY, max_examples=8, stateful_step_count=6, phases=[Phase.generate])
    )
