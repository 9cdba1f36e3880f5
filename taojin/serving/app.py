"""The web application: API, site, limits and errors put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from taojin.serving.api import router
from taojin.serving.errors import answer_errors
from taojin.serving.limits import BodyLimit, SafeHeaders
from taojin.serving.service import Service

WEB = Path(__file__).parent / "web"


def create_app(service: Service) -> FastAPI:
    """The application over one service, which it starts and closes.

    There is no cross-origin access, and no documentation page that would load scripts from elsewhere; the description
    is at /openapi.json.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.close()

    app = FastAPI(title="Taojin", version=version("taojin"), lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.service = service
    app.state.addresses = router.routes  # for errors that tell what an address is for
    answer_errors(app)
    app.include_router(router)
    app.mount("/", StaticFiles(directory=WEB, html=True), name="site")
    app.add_middleware(BodyLimit)
    app.add_middleware(SafeHeaders)
    return app
