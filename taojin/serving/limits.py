"""The same for every address: too large a body is refused, and a page may load nothing from elsewhere."""

from dataclasses import asdict

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taojin.serving.problem import Problem

LARGEST_BODY = 1 << 20
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class BodyLimit:
    """Answers 413 to a body of more than 1 MiB, whatever its header says."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self.app = app
        self.largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, whole = b"", False
        while not whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            whole = not message.get("more_body", False)
            if len(body) > self.largest:
                await self._refusal()(scope, receive, send)
                return
        read = False

        async def again() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    def _refusal(self) -> JSONResponse:
        problem = Problem("body", f"at most {self.largest} bytes", "more", "send it in several requests")
        return JSONResponse({"error": asdict(problem)}, 413, {"Connection": "close"})


class SafeHeaders:
    """Adds headers that keep a page to this service alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
