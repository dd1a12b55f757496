"""What the client makes of the answer to a write, whatever the provider sends."""

from __future__ import annotations

import time

import httpx

from reconciler.constant_contact.calls import OneToken
from reconciler.constant_contact.client import ConstantContact
from reconciler.extract import fold
from reconciler.secret import Secret
from tests.free_slots import Unlimited

_ACTIVITY = "86b90820-cc52-11ea-9dad-fa163e3d9194"


def test_an_import_that_was_taken_is_not_sent_again_for_want_of_a_date() -> None:
    taken = httpx.MockTransport(lambda _: httpx.Response(201, json={"activity_id": _ACTIVITY}))
    client = ConstantContact(
        "https://api.example.com/v3",
        OneToken(Secret("token")),
        Unlimited(),
        sleep=time.sleep,
        random=lambda: 0.0,
        fold=fold,
        transport=taken,
    )

    assert client.start_import("list", [("ada@example.com", b'{"email":"ada@example.com"}')]) == _ACTIVITY
