"""What goes wrong in the simulated Constant Contact when it is told to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from reconciler.simulator import SideDoorError

if TYPE_CHECKING:
    from tests.simulated import Caller

pytestmark = pytest.mark.http


class TestFaults:
    @pytest.mark.broken_answer
    def test_a_dropped_request_was_not_carried_out_or_was(self, caller: Caller) -> None:
        for fault in ("drop_before", "drop_after"):
            caller.door.fault(operation="bulkImportContactsJSON", fault=fault)
            with pytest.raises(httpx.RemoteProtocolError):
                caller.send([{"email": f"{fault.replace('_', '.')}@example.com"}])

        assert [each["email_address"]["address"] for each in caller.walk()] == ["drop.after@example.com"]
        assert caller.door.state()["requests"]["by_status"] == {"0": 2, "200": 1}

    @pytest.mark.broken_answer
    def test_answers_can_be_of_any_kind(self, caller: Caller) -> None:
        caller.door.fault(fault="status", status=503)
        caller.door.fault(fault="html")
        caller.door.fault(fault="empty", status=500)
        caller.door.fault(fault="body", body={"contacts": "none"})
        answers = [caller.get("/contacts") for _ in range(5)]

        assert [answer.status_code for answer in answers] == [503, 502, 500, 200, 200]
        assert answers[0].json()[0]["error_key"] == "contacts.api.fault"
        assert answers[1].headers["content-type"] == "text/html"
        assert answers[2].content == b""
        assert answers[3].json() == {"contacts": "none"}

    def test_a_fault_waits_for_its_operation_and_its_turn(self, caller: Caller) -> None:
        caller.door.fault(operation="getContacts", fault="status", status=500, times=2, skip=1)
        others = {caller.get("/contact_lists").status_code for _ in range(3)}

        assert others == {200}
        assert [caller.get("/contacts").status_code for _ in range(4)] == [200, 500, 500, 200]

    @pytest.mark.broken_answer
    def test_a_body_can_break_off(self, garden: Caller) -> None:
        garden.door.fault(fault="truncate")

        with pytest.raises(httpx.RemoteProtocolError):
            garden.get("/contacts")

    def test_an_answer_can_be_slow(self, caller: Caller) -> None:
        caller.door.fault(fault="slow", seconds=0.2)
        begin = time.monotonic()

        assert caller.get("/contacts").status_code == 200
        assert time.monotonic() - begin >= 0.2

    def test_a_fault_that_is_none_is_refused(self, caller: Caller) -> None:
        for body in ({"fault": "earthquake"}, {"fault": "slow", "often": 3}, {"fault": "status", "times": "two"}):
            with pytest.raises(SideDoorError):
                caller.door.fault(**body)

    @pytest.mark.parametrize(
        "body",
        [
            *({"fault": "status", "status": status} for status in (-1, 99, 600, 10**30, "500")),
            *({"fault": "slow", "seconds": seconds} for seconds in (-1, float("nan"), float("inf"), 1e9)),
            *({"fault": "huge", "megabytes": size} for size in (-1, 10**9, 1.5)),
            *({"fault": "status", "times": times} for times in (-1, 10**30)),
            {"fault": "status", "operation": "getContact "},
            {"fault": "status", "operation": ""},
        ],
    )
    def test_a_fault_that_can_not_happen_is_refused(self, caller: Caller, body: dict[str, object]) -> None:
        with pytest.raises(SideDoorError):
            caller.door.fault(**body)

        assert caller.get("/contacts").status_code == 200

    @pytest.mark.broken_answer
    @pytest.mark.parametrize("operation", ["*", "token", "device", "unknown", "getContacts", "postListRemoveContact"])
    def test_whatever_can_be_asked_for_can_go_wrong(self, caller: Caller, operation: str) -> None:
        caller.door.fault(fault="status", operation=operation)

    @pytest.mark.broken_answer
    def test_a_request_can_be_sent_elsewhere(self, caller: Caller) -> None:
        caller.door.fault(fault="redirect", status=307, location="http://127.0.0.1:1/elsewhere")
        answer = caller.get("/contacts")

        assert answer.status_code == 307
        assert answer.headers["location"] == "http://127.0.0.1:1/elsewhere"

    @pytest.mark.broken_answer
    def test_an_answer_can_be_huge_or_blow_up(self, caller: Caller) -> None:
        caller.door.fault(fault="huge", megabytes=2)
        caller.door.fault(fault="gzip_bomb", megabytes=2)
        huge = caller.get("/contacts")
        bomb = caller.get("/contacts")

        assert len(huge.content) > 2 * 1_048_576
        assert huge.content == bomb.content
        assert int(bomb.headers["content-length"]) < 10_000

    @pytest.mark.broken_answer
    def test_an_answer_can_come_drop_by_drop(self, caller: Caller) -> None:
        caller.door.fault(fault="drip", seconds=0.02)
        begin = time.monotonic()
        answer = caller.get("/contacts")

        assert answer.json() == {"contacts": [], "_links": {}}
        assert time.monotonic() - begin >= 0.02 * (len(answer.content) - 1)

    @pytest.mark.broken_answer
    def test_a_connection_can_be_reset_before_the_request_was_read(self, caller: Caller) -> None:
        caller.door.fault(operation="bulkImportContactsJSON", fault="reset_mid_request")
        rows = [{"email": f"p{number}@example.com", "street": "s" * 200} for number in range(10_000)]
        with pytest.raises(httpx.TransportError):
            caller.send(rows)

        assert caller.walk() == []
        assert caller.door.state()["requests"]["by_status"] == {"0": 1, "200": 1}
        assert caller.send(rows[:1]).status_code == 201

    @pytest.mark.broken_answer
    def test_a_reset_is_no_polite_farewell(self, caller: Caller) -> None:
        caller.door.fault(fault="reset_mid_request")

        with pytest.raises(httpx.ReadError, match="reset"):
            caller.get("/contacts")

    @pytest.mark.broken_answer
    def test_a_reset_waits_for_its_turn(self, caller: Caller) -> None:
        caller.door.fault(operation="getContacts", fault="status", status=500)
        caller.door.fault(operation="getContacts", fault="reset_mid_request", skip=1)

        assert [caller.get("/contacts").status_code for _ in range(2)] == [500, 200]

    @pytest.mark.parametrize("status", [409, 429])
    def test_simultaneous_edits_and_a_busy_token_endpoint_are_faults_like_others(
        self, caller: Caller, status: int
    ) -> None:
        caller.door.fault(operation="token", fault="status", status=status, body={"error": "busy"})

        assert caller.token(grant_type="refresh_token", client_id=caller.api_key).status_code == status
