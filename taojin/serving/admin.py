"""What an operator may ask of a service that runs: routes under /v1/admin, behind a key."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Security
from fastapi.security import APIKeyHeader

from taojin.bundle.manifest import BundleError
from taojin.serving.bodies import ErrorAnswer, SwapAnswer
from taojin.serving.problem import Problem
from taojin.serving.service import Busy, Service

VARIABLE = "TAOJIN_ADMIN_KEY"
SHORTEST = 16
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description=f"what {VARIABLE} was when the service started")
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorAnswer, "description": "Without the key, or with another one"},
    403: {"model": ErrorAnswer, "description": "The service was started without a key"},
}
REFUSED: dict[int | str, dict[str, Any]] = {409: {"model": ErrorAnswer, "description": "The old bundle stays in use"}}


def checked_key(key: str | None) -> str | None:
    """The key as the environment has it, None where there is none; one that can be guessed raises a `ValueError`."""
    if key and len(key) < SHORTEST:
        raise ValueError(
            Problem(
                VARIABLE,
                f"a key of {SHORTEST} characters or more, or none",
                f"one of {len(key)}",
                "make one with `openssl rand -hex 32`",
            )
        )
    return key or None


async def admitted(request: Request, key: Annotated[str | None, Security(HEADER)]) -> None:
    """401 without the service's key, 403 where it has none."""
    ours = request.app.state.admin_key
    if ours is None:
        remedy = f"start the service with {VARIABLE} in its environment"
        raise HTTPException(403, Problem("service", "an admin key of its own", "none", remedy))
    if key is None or not secrets.compare_digest(key.encode(), ours.encode()):
        got = "none" if key is None else "another one"
        problem = Problem("X-API-Key", "the key that the service was started with", got, f"it is in its {VARIABLE}")
        raise HTTPException(401, problem, {"WWW-Authenticate": "X-API-Key"})


router = APIRouter(prefix="/v1/admin", dependencies=[Depends(admitted)], responses=ERRORS)


@router.post("/swap", responses=REFUSED)
def swap(request: Request) -> SwapAnswer:
    """Read the bundle again and answer with it from now on; no request is lost, and a bad bundle changes nothing."""
    service: Service = request.app.state.service
    try:
        swapped = service.swap()
    except Busy as error:
        problem = Problem("service", "no other swap", "one that goes on", "ask again when it is done")
        raise HTTPException(409, problem, {"Retry-After": "5"}) from error
    except BundleError as error:
        remedy = "mend it, or go back with `taojin bundle rollback`"
        raise HTTPException(409, Problem("bundle", "one that loads", str(error), remedy)) from error
    return SwapAnswer(before=swapped.before, version=swapped.version)
