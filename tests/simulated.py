"""A caller of a simulated Constant Contact, for the tests of the simulator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from reconciler.simulator import SideDoor, Simulator
from tests.installation import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

INCLUDE = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes"
DAY = 86_400


class Caller:
    """Talks to one simulator, by its API (perhaps through a proxy) and by its side door."""

    def __init__(self, api: Api) -> None:
        self.door = api.door
        self.auth_url = f"{api.door.url}/oauth2/default/v1"
        self.api_key, self.access_token, self.list_id = api.api_key, api.access_token, api.list_id
        self.http = httpx.Client(base_url=api.url.removesuffix("/v3"), timeout=30, trust_env=False)

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.http.get(f"/v3{path}", params=query or None, headers=self.headers())

    def post(self, path: str, body: object) -> httpx.Response:
        return self.http.post(f"/v3{path}", json=body, headers=self.headers())

    def put(self, path: str, body: object) -> httpx.Response:
        return self.http.put(f"/v3{path}", json=body, headers=self.headers())

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(f"/v3{path}", headers=self.headers())

    def send(self, rows: list[dict[str, Any]], *lists: str) -> httpx.Response:
        body = {"import_data": rows, "list_ids": lists or (self.list_id,)}
        return self.post("/activities/contacts_json_import", body)

    def load(self, *rows: dict[str, Any]) -> dict[str, int]:
        """Import and wait; the answer is what the activity counts."""
        sent = self.send(list(rows))
        assert sent.status_code == 201, sent.text
        activity = self.get(f"/activities/{sent.json()['activity_id']}").json()
        assert activity["state"] == "completed"
        return dict(activity["status"])

    def who(self, email: str) -> dict[str, Any]:
        found = self.get("/contacts", email=email, status="all", include=INCLUDE).json()["contacts"]
        assert len(found) == 1
        return dict(found[0])

    def walk(self, **query: str | int) -> list[dict[str, Any]]:
        answer = self.get("/contacts", **query).json()
        people = list(answer["contacts"])
        while "next" in answer["_links"]:
            answer = self.http.get(answer["_links"]["next"]["href"], headers=self.headers()).json()
            people += answer["contacts"]
        return people

    def create(self, email: str, **body: object) -> dict[str, Any]:
        body = {"list_id": self.list_id, **body}
        return dict(self.door.contact(action="create", email=email, **body)["contact"])

    def token(self, **form: str) -> httpx.Response:
        """Ask the token endpoint, which is never behind the proxy."""
        return httpx.post(f"{self.auth_url}/token", data=form, trust_env=False)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


def calling(**options: Any) -> Iterator[Caller]:
    """A simulator of this test's own, never behind the proxy."""
    with Simulator(**options) as simulator:
        api = Api(
            simulator.api_url, simulator.access_token, simulator.api_key, simulator.list_id, SideDoor(simulator.url)
        )
        caller = Caller(api)
        with caller.http:
            yield caller
