from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def test_what_was_pushed_to_one_member_is_pushed_to_the_member_of_a_changed_address_too(
    installation: Installation,
) -> None:
    ada = installation.add("ada@example.com", first_name="Ada", last_name="Love")
    installation.api.door.contact(action="create", email="new@example.com", first_name="Nan", last_name="Love")
    installation.connect()
    installation.run()

    installation.change(ada, email="new@example.com")
    installation.run()

    assert installation.api.members()["new@example.com"]["first_name"] == "Ada"
