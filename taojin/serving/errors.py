"""Every error of the service as JSON with a where, an expected, a got and a remedy; never a traceback."""

import difflib
import logging
import sys
from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from taojin.serving.bodies import LONGEST_ID, EventBody, RecommendBody
from taojin.serving.problem import Problem

log = logging.getLogger(__name__)

LONGEST_SHOWN = 200
REMEDY = "GET /openapi.json describes what this request may hold"
FIELDS = tuple(dict.fromkeys((*RecommendBody.model_fields, *EventBody.model_fields)))


def answer_errors(app: FastAPI) -> None:
    """Turn every exception of a route into an answer."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(ValueError, _value_error)
    app.add_exception_handler(Exception, _failed)


def _is_named(part: int | str) -> bool:
    """Whether a part of a place is a field of the body, and not a kind that pydantic tried."""
    return isinstance(part, int) or (part not in ("one", "many") and "[" not in part)


def refusal(status: int, problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer that says what was wrong."""
    return JSONResponse({"error": asdict(problem)}, status, headers)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """The first thing that does not fit the body's or the query's declaration."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return refusal(400, Problem("body", "JSON", str(first["ctx"]["error"]), "check quotes, commas and brackets"))
    if isinstance(first["input"], bytes):
        sent = request.headers.get("content-type", "none")
        return refusal(415, Problem("Content-Type", "application/json", sent, "say so in the request's header"))
    path = [f"[{part}]" if isinstance(part, int) else part for part in first["loc"] if _is_named(part)]
    where = ".".join(path[1:]) or path[0]
    got = repr(first["input"])
    shown = got if len(got) <= LONGEST_SHOWN else got[:LONGEST_SHOWN] + "..."
    match first["type"]:
        case "missing":
            return refusal(422, Problem(where, "a value", "none", "add it"))
        case "extra_forbidden":
            close = difflib.get_close_matches(path[-1], FIELDS, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "leave it out"
            return refusal(422, Problem(where, "a field that this request has", repr(path[-1]), remedy))
    if not _is_named(first["loc"][-1]):  # a `Word`, and none of its kinds fits
        words = f"text of at most {LONGEST_ID} characters, a finite number, true or false"
        return refusal(422, Problem(where, words, shown, REMEDY))
    said = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ").lower()
    return refusal(422, Problem(where, said, shown, REMEDY))


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.detail, Problem):
        return refusal(error.status_code, error.detail, dict(error.headers or {}))
    if error.status_code == 400:
        return refusal(400, _unparsed(error.__cause__))
    here, methods = f"{request.method} {request.url.path}", _methods(request)
    if methods:
        problem = Problem("method", " or ".join(methods), request.method, "GET /openapi.json lists what there is")
        return refusal(405, problem, {"Allow": ", ".join(methods)})
    known = Problem("address", "an address of this service", here, "GET /openapi.json lists them")
    return refusal(error.status_code, known, dict(error.headers or {}))


def _unparsed(cause: BaseException | None) -> Problem:
    """Why a body is no JSON that can be read, where it is not its syntax."""
    match cause:
        case UnicodeDecodeError():
            return Problem("body", "JSON in UTF-8", f"the byte {cause.object[cause.start]:#04x}", "check its encoding")
        case RecursionError():
            return Problem("body", "JSON that is not nested deeply", "more levels", "check its brackets")
        case ValueError():
            most = sys.get_int_max_str_digits()
            return Problem("body", f"numbers of at most {most:,} digits", "a longer one", "write less, or text")
    return Problem("body", "JSON in UTF-8", "something else", "check its encoding and its brackets")


def _methods(request: Request) -> list[str]:
    """With which other methods the address is one of the service; the site takes every GET that no route does."""
    routes = [route for route in request.app.state.addresses if isinstance(route, Route)]
    partial = [route for route in routes if route.matches(request.scope)[0] is Match.PARTIAL]
    return sorted({method for route in partial for method in route.methods or ()})


def _value_error(request: Request, error: Exception) -> JSONResponse:
    """A `Problem` is the caller's; any other `ValueError` is a fault of ours."""
    if error.args and isinstance(error.args[0], Problem):
        return refusal(422, error.args[0])
    return _failed(request, error)


def _failed(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal(500, Problem("service", "an answer", "an error of ours", "it is in the service's log"))
