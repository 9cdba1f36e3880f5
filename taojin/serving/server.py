"""Runs the service on a port until it is told to stop."""

import errno
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import faiss
import uvicorn

from taojin.core.live import LiveStore
from taojin.live.store import open_store
from taojin.serving.admin import checked_key
from taojin.serving.app import create_app
from taojin.serving.problem import Problem
from taojin.serving.service import Busy, Service, Status

GRACE_SECONDS = 5


def serve(
    run: Path | str,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None],
    swapped: Callable[[str], None] | None = None,
    admin_key: str | None = None,
    store: LiveStore | None = None,
) -> None:
    """Serve a bundle until Ctrl-C, then return; on SIGHUP the bundle is read again, without losing a request.

    port        0 takes any free one
    ready       called with the address once the golden requests are answered
    swapped     called with what became of each swap; None: `ready` is
    store       None: that of the run, made where there is none
    admin_key   for the routes under /v1/admin

    A port in use or a host that is not here raises a `ValueError`, a bundle that does not load a `BundleError`.
    """
    key = checked_key(admin_key)
    faiss.omp_set_num_threads(1)  # one query is too little work to share between threads
    listening = bound(host, port)
    service = Service.of(run, store if store is not None else open_store(Path(run)))
    config = uvicorn.Config(
        create_app(service, admin_key=key),
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    server = uvicorn.Server(config)

    def settled() -> None:
        if service.status is Status.READY:
            ready(_address(host, listening.getsockname()[1]))
        else:
            server.should_exit = True

    service.when_settled(settled)
    service.when_swapped(swapped or ready)
    _swap_on_hangup(service, swapped or ready)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # the server has shut down in order and only then passes the signal on
    finally:
        listening.close()
    if service.failure is not None:
        raise service.failure


def _swap_on_hangup(service: Service, tell: Callable[[str], None]) -> None:
    """Swap on SIGHUP, where the system has it; handlers are a matter of the main thread."""

    def swap() -> None:
        try:
            service.swap()
        except Busy:
            tell("a bundle is being loaded already")
        except Exception:  # the service has told it, and goes on with the bundle that it has
            return

    if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGHUP, lambda number, frame: threading.Thread(target=swap, name="swap").start())


def bound(host: str, port: int) -> socket.socket:
    """A socket on this port, 0 for any free one; a port in use, or no host of this machine, raises a `ValueError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The event loop sends without delay on connections that are TCP by name; on others an answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:
        listening.close()
        why = error.strerror if isinstance(error, OSError) else "not a name"
        # A name that is looked up in vain is a `gaierror`, one that cannot be looked up a `UnicodeError`.
        if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
            here = Problem("host", "an address of this machine", f"{host} ({why})", "choose another --host")
            raise ValueError(here) from error
        raise ValueError(
            Problem("port", "a free port of this machine", f"{host}:{port} ({why})", "choose another --port")
        ) from error
    return listening


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the service."""
    name = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
