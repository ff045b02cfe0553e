"""Desks whose pages are served, and shut afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.site import LinkedDesk, Make, Site


@pytest.fixture
def desk() -> LinkedDesk:
    """A desk whose messages hold links."""
    return LinkedDesk()


@pytest.fixture
def serve() -> Iterator[Make]:
    """Serves the pages of a desk until the test is over."""
    sites: list[Site] = []

    def begin(desk: LinkedDesk, language: str = "en") -> Site:
        sites.append(Site(desk, language=language))
        return sites[-1]

    yield begin
    for site in sites:
        site.close()


@pytest.fixture
def site(desk: LinkedDesk, serve: Make) -> Site:
    """The pages of the desk."""
    return serve(desk)
