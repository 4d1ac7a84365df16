"""The platform's WSGI application with the number of the process in each answer's header `X-Process`."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from tagplatform.wsgi import application as _platform


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """As gunicorn calls it; nothing else is changed."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("X-Process", str(os.getpid()))], *rest)

    return _platform(environ, start)
