"""``GET /metrics``: figures for Prometheus."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.access import READ
from service.context import Context, Here
from service.limits import no_parameters
from stance.errors import StoreError

metrics: Final = APIRouter(dependencies=[READ, Depends(no_parameters)], include_in_schema=False)


@metrics.get("/metrics")
def figures(here: Here) -> Response:
    """Everything counted so far, and how things stand now."""
    _look(here)
    return Response(generate_latest(here.figures.registry), media_type=CONTENT_TYPE_LATEST)


def _look(here: Context) -> None:
    shown = here.figures
    shown.ready.set(here.ready)
    shown.waiting.set(here.analyses.waiting)
    shown.worker.set(here.worker is not None and here.worker.alive)
    shown.model.clear()
    shown.model.labels(here.tracker.model_version).set(1)
    if here.store is not None:
        try:
            counts = here.store.job_counts()
        except StoreError:  # the other figures are wanted all the more then
            shown.jobs.clear()
        else:
            for state, count in counts.items():
                shown.jobs.labels(state).set(count)
