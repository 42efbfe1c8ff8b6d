"""A middleware that tells in headers how long a request took us, without what we waited for the vendor."""

from collections.abc import Callable
from threading import local
from time import perf_counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from requests.adapters import HTTPAdapter

from appointments import availability

_this = local()


def _counted(wait: Callable[..., Any]) -> Callable[..., Any]:
    """The same, its time counted as waiting."""

    def waiting(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            return wait(*args, **kwargs)
        finally:
            _this.waited = getattr(_this, "waited", 0.0) + perf_counter() - began

    return waiting


class OwnTime:
    """`X-Own-Ms`: in our code, database and Redis included. `X-Waited-Ms`: for Cal.com, or for another's question."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        HTTPAdapter.send = _counted(HTTPAdapter.send)  # type: ignore[method-assign]
        availability.sleep = _counted(availability.sleep)  # type: ignore[attr-defined]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _this.waited, began = 0.0, perf_counter()
        response = self.get_response(request)
        total = perf_counter() - began
        response["X-Own-Ms"] = f"{(total - _this.waited) * 1000:.3f}"
        response["X-Waited-Ms"] = f"{_this.waited * 1000:.3f}"
        return response
