"""The web application: API, site, limits and errors put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from taojin.serving import admin
from taojin.serving.api import router
from taojin.serving.errors import answer_errors
from taojin.serving.limits import BodyLimit, SafeHeaders
from taojin.serving.service import Service

WEB = Path(__file__).parent / "web"


def create_app(service: Service, *, admin_key: str | None = None) -> FastAPI:
    """The application over one service, which it starts and closes.

    admin_key   who has it may ask for what is under /v1/admin; None: nobody may

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
    app.state.admin_key = admin_key
    app.state.addresses = [*router.routes, *admin.router.routes]  # for errors that tell what an address is for
    answer_errors(app)
    app.include_router(router)
    app.include_router(admin.router)
    app.mount("/", StaticFiles(directory=WEB, html=True), name="site")
    app.add_middleware(BodyLimit)
    app.add_middleware(SafeHeaders)
    return app
