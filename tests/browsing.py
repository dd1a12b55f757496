"""A person's browser at the simulated Constant Contact's consent page."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin

import httpx


@dataclass(frozen=True)
class CameBack:
    """Where the browser was sent by the consent page, and what it was told to bring there."""

    address: str
    query: dict[str, str]


def answered(address: str, button: str) -> CameBack:
    """Open the page, press Allow or Deny, and stay: where the redirect leads is for the test to go."""
    page = httpx.get(address, trust_env=False)
    assert page.status_code == 200, page.text
    form = re.search(r'<form method="post" action="([^"]*)">', page.text)
    pressed = re.search(rf'<button name="action" value="(\w+)">{button}</button>', page.text)
    assert form is not None, page.text
    assert pressed is not None, page.text
    return came_back(httpx.post(urljoin(address, html.unescape(form[1])), data={"action": pressed[1]}, trust_env=False))


def came_back(answer: httpx.Response) -> CameBack:
    """Where a redirect leads."""
    assert answer.status_code == 302, answer.text
    place, _, query = answer.headers["location"].partition("?")
    return CameBack(place, dict(parse_qsl(query)))
