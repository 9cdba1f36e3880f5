"""The API: recommendations, items, users and events under /v1.

Routes are plain functions and so run on the pool of threads; the event loop only moves bytes.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse

from taojin.core.live import Impression
from taojin.serving.answer import Answer
from taojin.serving.bodies import (
    Bare,
    CatalogueAnswer,
    ErrorAnswer,
    EventsBody,
    HistoryAnswer,
    ItemAnswer,
    ItemsAnswer,
    Many,
    ReceiptAnswer,
    RecommendAnswer,
    RecommendBody,
    StateAnswer,
    UsersAnswer,
    VersionAnswer,
)
from taojin.serving.errors import refusal
from taojin.serving.intake import Posted
from taojin.serving.problem import Problem
from taojin.serving.question import Question
from taojin.serving.service import Desk, Service, Status

RETRY_SECONDS = "1"
ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorAnswer, "description": "The request does not fit"},
    503: {"model": ErrorAnswer, "description": "Not ready yet"},
}
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": ErrorAnswer, "description": "No such item"}}

router = APIRouter(prefix="/v1", responses=ERRORS)


async def the_service(request: Request) -> Service:
    """The service of this application."""
    return request.app.state.service


async def the_desk(service: Annotated[Service, Depends(the_service)]) -> Desk:
    """The desk, or 503 while there is none."""
    if service.desk is None:
        raise HTTPException(503, _unready(service), {"Retry-After": RETRY_SECONDS})
    return service.desk


AnyService = Annotated[Service, Depends(the_service)]
Ready = Annotated[Desk, Depends(the_desk)]
Fields = Annotated[tuple[str, ...], Query(max_length=100)]


@router.post("/recommend")
def recommend(body: RecommendBody, desk: Ready) -> RecommendAnswer:
    """The best items for a user, or for a stranger with or without a history."""
    return _shown(desk, desk.recommender.recommend(Question(**body.model_dump())))


@router.get("/items/{item_id:path}/similar", responses=MISSING)
def similar(item_id: Bare, desk: Ready, n: Many = 10, user: Bare | None = None, fields: Fields = ()) -> RecommendAnswer:
    """The items most like this one; with a user, those that this user may see."""
    _must_exist(desk, item_id)
    return _shown(desk, desk.recommender.similar(item_id, n=n, user=user, fields=fields))


@router.get("/items/{item_id:path}", responses=MISSING)
def item(item_id: Bare, desk: Ready) -> ItemAnswer:
    """One item with all that the catalogue has."""
    _must_exist(desk, item_id)
    return ItemAnswer.model_validate(desk.library.item(item_id), from_attributes=True)


@router.get("/items")
def search(desk: Ready, search: Annotated[str, Query(min_length=1, max_length=200)], limit: Many = 20) -> ItemsAnswer:
    """Items whose title holds every word of the text."""
    return ItemsAnswer.model_validate({"items": desk.library.search(search, limit)}, from_attributes=True)


@router.get("/users")
def users(desk: Ready, limit: Many = 20) -> UsersAnswer:
    """Some users: those with the newest events first."""
    return UsersAnswer.model_validate({"users": desk.library.users(limit)}, from_attributes=True)


@router.get("/users/{user_id:path}/history")
def history(
    user_id: Bare,
    desk: Ready,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    item: Bare | None = None,
    event: str | None = None,
) -> HistoryAnswer:
    """A user's events, newest first; with an item or a kind of event, those alone. A stranger has none."""
    found = desk.library.history(user_id, limit, item=item, event=event)
    return HistoryAnswer.model_validate({"user": user_id, "events": found}, from_attributes=True)


@router.post("/events")
def events(body: EventsBody, desk: Ready) -> ReceiptAnswer:
    """Store one event or a list of them, all or none. Once this is answered they are on disk and count."""
    posted = [Posted(**one.model_dump()) for one in (body if isinstance(body, list) else [body])]
    receipt, ids = desk.intake.take(posted)
    return ReceiptAnswer(applied=receipt.applied, duplicates=receipt.duplicates, ids=ids)


@router.get("/catalogue")
def catalogue(desk: Ready) -> CatalogueAnswer:
    """What can be asked for: fields, values to filter by, kinds of event, scenes with their channels."""
    bundle = desk.recommender.bundle
    return CatalogueAnswer(
        name=bundle.name,
        items=len(bundle.item_vocabulary.ids),
        users=len(bundle.user_vocabulary.ids),
        clock=bundle.clock,
        positive=bundle.fitted.positive,
        fields=list(bundle.catalogue.fields),
        values=desk.library.words,
        kinds=list(bundle.kinds.names),
        scenes={name: list(pipeline.channels) for name, pipeline in bundle.scenes.items()},
    )


@router.get("/health")
async def health() -> StateAnswer:
    """The process lives."""
    return StateAnswer(status="alive")


@router.get("/ready", response_model=StateAnswer)
async def ready(service: AnyService) -> StateAnswer | JSONResponse:
    """The bundle is loaded and has answered its golden requests as at training."""
    if service.status is not Status.READY:
        return refusal(503, _unready(service), {"Retry-After": RETRY_SECONDS})
    return StateAnswer(status=service.status)


@router.get("/version")
def version(request: Request, desk: Ready) -> VersionAnswer:
    """Which program serves which bundle."""
    bundle = desk.recommender.bundle
    said = bundle.manifest
    return VersionAnswer(
        taojin=request.app.version, name=said.name, version=said.version, created=said.created, trained=said.trained
    )


def _unready(service: Service) -> Problem:
    if service.status is Status.FAILED:
        return Problem("service", "a bundle that loads", str(service.failure), "serve another one")
    return Problem("service", "a bundle that is loaded and checked", "one that is still loading", "ask again soon")


def _must_exist(desk: Desk, item_id: str) -> None:
    """404 where the address names an item that does not exist; in a body that would be a 422."""
    try:
        desk.recommender.item_row(item_id)
    except ValueError as error:
        raise HTTPException(404, error.args[0]) from error


def _shown(desk: Desk, answer: Answer) -> RecommendAnswer:
    """The answer as it goes out, remembered as shown."""
    desk.recommender.store.record(
        Impression(
            request_id=answer.request_id,
            user=answer.user or "",
            scene=answer.scene,
            time=desk.recommender.clock(),
            items=tuple(item.id for item in answer),
            scores=tuple(item.score for item in answer),
        )
    )
    return RecommendAnswer.model_validate(answer.to_json())
