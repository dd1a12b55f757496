"""The page on which somebody approves a device, at /activate."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from reconciler.simulator.answers import Answer, Request, form_fields, form_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.simulator.devices import Device, Devices

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated Constant Contact: activate a device</title></head>
<body><h1>Activate a device</h1>{rows}</body></html>
"""
_FORM = """<form method="post" action="/activate"><p>The device with the code <b>{code}</b> asks for: {scopes}</p>
<input type="hidden" name="user_code" value="{code}">
<button name="action" value="approve">Approve</button> <button name="action" value="deny">Deny</button></form>
"""


def answer(devices: Devices, request: Request, now: float) -> Answer:
    """Show which codes wait, or take somebody's decision."""
    if request.method == "POST":
        form = form_of(request)
        try:
            device = devices.decide(form.get("user_code", ""), form.get("action", ""))
        except ValueError:
            return _page("<p>There is no such code.</p>", 400)
        return _page(f"<p>The device with the code {html.escape(device.user_code)} was {device.decision}.</p>")
    return _page(_forms(devices.waiting(now), form_fields(request.query).get("user_code", "")))


def _forms(waiting: Sequence[Device], user_code: str) -> str:
    shown = [each for each in waiting if user_code in {"", each.user_code}]
    forms = (
        _FORM.format(code=html.escape(each.user_code), scopes=html.escape(", ".join(each.scopes))) for each in shown
    )
    return "".join(forms) or "<p>No device waits.</p>"


def _page(rows: str, status: int = 200) -> Answer:
    return Answer(status, _PAGE.format(rows=rows).encode(), "text/html; charset=utf-8")
