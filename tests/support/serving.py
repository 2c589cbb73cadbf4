"""Small servers of a test's own, each in a thread until the test is over."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Serve in a thread; on leaving, stop and give back the port."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def always_closed(app: WSGIApplication) -> WSGIApplication:
    """The application, its answers closed even for a client that is gone, as PEP 3333 demands of a server.

    werkzeug's server reads what is left of the request before it closes the answer; where the client has reset the
    connection that fails, and a file that was being sent stays open.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = app(environ, start_response)
        try:
            for piece in body:  # noqa: UP028 ("yield from" closes the body too, and an answer is closed once)
                yield piece
        finally:
            if hasattr(body, "close"):
                body.close()

    return answer
