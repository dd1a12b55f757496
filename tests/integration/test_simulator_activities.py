"""Activities of the simulated Constant Contact: their states, their ends, exports."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.simulated import DAY, Caller

pytestmark = pytest.mark.http


class TestActivities:
    def test_an_import_goes_through_its_states_and_applies_at_the_end(self, slow: Caller) -> None:
        slow.door.switch(limits=False, activity_seconds=60)
        posted = slow.send([{"email": "a@example.com"}]).json()
        path = f"/activities/{posted['activity_id']}"
        slow.door.advance(30)
        halfway = slow.get(path).json()
        nobody = slow.walk()
        slow.door.advance(31)
        done = slow.get(path).json()

        assert posted["state"] == "initialized"
        assert not {"started_at", "status", "percent_done"} & set(posted)
        assert halfway["state"] == "processing"
        assert 0 < halfway["percent_done"] < 100
        assert nobody == []
        assert (done["state"], done["percent_done"]) == ("completed", 100)
        assert done["_links"] == {"self": {"href": f"/v3{path}"}}
        assert len(slow.walk()) == 1

    def test_at_real_speed_an_import_takes_a_second_and_more_for_more_rows(self, slow: Caller) -> None:
        posted = slow.send([{"email": f"p{number}@example.com"} for number in range(4_000)]).json()
        slow.door.advance(1)
        early = slow.get(f"/activities/{posted['activity_id']}").json()
        slow.door.advance(2.5)

        assert early["state"] == "processing"
        assert slow.get(f"/activities/{posted['activity_id']}").json()["state"] == "completed"

    @pytest.mark.parametrize("end", ["failed", "timed_out", "cancelled"])
    def test_an_activity_can_end_badly_and_then_did_nothing(self, caller: Caller, end: str) -> None:
        caller.door.switch(activity_end=end)
        posted = caller.send([{"email": "a@example.com"}]).json()

        assert caller.get(f"/activities/{posted['activity_id']}").json()["state"] == end
        assert caller.walk() == []

    def test_an_activity_can_hang(self, caller: Caller) -> None:
        caller.door.switch(activity_end="never")
        posted = caller.send([{"email": "a@example.com"}]).json()
        caller.door.advance(DAY)

        assert caller.get(f"/activities/{posted['activity_id']}").json()["state"] == "processing"

    @pytest.mark.off_contract
    def test_the_collection_shows_the_newest_first_and_filters_by_state(self, caller: Caller) -> None:
        ids = [caller.send([]).json()["activity_id"] for _ in range(3)]
        page = caller.get("/activities", limit=2).json()

        assert [each["activity_id"] for each in page["activities"]] == ids[:0:-1]
        assert "next" in page["_links"]
        assert caller.get("/activities", state="processing").json()["activities"] == []
        assert caller.get("/activities", state="initialized").status_code == 400

    def test_after_ten_days_an_activity_is_forgotten(self, caller: Caller) -> None:
        activity_id = caller.send([]).json()["activity_id"]
        caller.door.advance(10 * DAY + 1)

        assert caller.get(f"/activities/{activity_id}").status_code == 404
        assert caller.get("/activities").json()["activities"] == []


class TestExport:
    def export(self, caller: Caller, **body: object) -> list[dict[str, str]]:
        posted = caller.post("/activities/contact_exports", body).json()
        activity = caller.get(f"/activities/{posted['activity_id']}").json()
        answer = caller.http.get(activity["_links"]["results"]["href"], headers=caller.headers())
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.text)))

    def test_a_list_is_exported_with_all_columns(self, garden: Caller) -> None:
        garden.create("elsewhere@example.com", list_id=None)
        rows = self.export(garden, list_ids=[garden.list_id])

        assert len(rows) == 25
        assert rows[0]["Contact ID"] == garden.who("person000001@example.com")["contact_id"]
        assert rows[0]["Email address"] == "person000001@example.com"
        assert rows[0]["Email status"] == "implicit"
        assert rows[0]["First name"] == "Briar"
        assert rows[0]["Phone - other"] == "555-555-0001"
        assert rows[0]["Zip/Postal Code - home"] == "00001"
        assert rows[0]["Email Lists"] == "Newsletter"
        assert rows[0]["Customer ID"] == "C000001"

    def test_only_the_fields_asked_for_come(self, garden: Caller) -> None:
        rows = self.export(garden, fields=["email_address", "first_name"])

        assert list(rows[0]) == ["Email address", "Email status", "First name"]

    def test_a_status_selects_and_the_deleted_are_removed(self, garden: Caller) -> None:
        garden.door.contact(action="delete", email="person000001@example.com")
        garden.door.contact(action="unsubscribe", email="person000002@example.com")

        assert len(self.export(garden)) == 24
        assert len(self.export(garden, status="active")) == 23
        assert [row["Email address"] for row in self.export(garden, status="unsubscribed")] == [
            "person000002@example.com"
        ]
        assert len(self.export(garden, status="removed")) == 1
        garden.door.switch(export_includes_deleted=True)
        assert len(self.export(garden)) == 25

    def test_single_contacts_are_exported_or_left_out(self, garden: Caller) -> None:
        one = garden.who("person000007@example.com")["contact_id"]

        assert len(self.export(garden, contact_ids=[one])) == 1
        assert len(self.export(garden, exclude={"contact_ids": [one]})) == 24

    def test_before_it_is_done_there_is_no_file(self, slow: Caller) -> None:
        posted = slow.post("/activities/contact_exports", {}).json()

        assert "results" not in posted["_links"]
        assert slow.get(f"/contact_exports/{posted['activity_id']}").status_code == 404

    @pytest.mark.parametrize("body", [{"status": "all"}, {"fields": ["shoe_size"]}, {"segment_id": 1}])
    @pytest.mark.off_contract
    def test_an_invalid_export_is_refused(self, caller: Caller, body: dict[str, Any]) -> None:
        assert caller.post("/activities/contact_exports", body).status_code == 400
