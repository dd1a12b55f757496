"""The program as its users have it: commands in, text and exit codes out, a CRM and Constant Contact on either side."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import cli, reconcile
from reconciler.bootstrap import Process
from reconciler.demo import people
from reconciler.report import Report
from reconciler.request import Request
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.simulator import SideDoor

_IMPORT = "contacts_json_import"
#: Shorter ones are words of a test.
_A_SECRET = 12
#: What is asked for in full; and what help and advice name.
_UNMASKED = {"--unmasked", "--undo"}
_EXAMPLES = {"somebody@example.com"}
_ADDRESS = re.compile(r"[\w.+-]*\w@(?:[\w-]+\.)+[a-z]{2,}")
#: Waits are shorter than in life: the simulator answers at once.
QUICK = ("poll_first_seconds=0.02", "read_back_pause_seconds=0.02")


@dataclass(frozen=True)
class Api:
    """A simulated Constant Contact: where the program finds it, and the side door for the test."""

    url: str
    access_token: str
    api_key: str
    list_id: str
    door: SideDoor
    auth_url: str = ""
    refresh_token: str = ""

    def members(self) -> dict[str, dict[str, Any]]:
        """The mailable people on the list, by address."""
        state = self.door.state()
        return {
            contact["email_address"]["address"]: contact
            for contact in state["contacts"]
            if self.list_id in contact.get("list_memberships", ()) and "deleted_at" not in contact
        }

    def calls(self) -> int:
        """How many requests the API has had."""
        return int(self.door.state(contacts=False)["requests"]["total"])

    def imported(self) -> list[str]:
        """Every address that was ever in an import."""
        return [address for entry in self._history() if _IMPORT in entry["path"] for address in entry["emails"]]

    def written(self) -> list[str]:
        """Every address that was ever in a write, by import or by a call of its own."""
        return [address for entry in self._history() for address in entry.get("emails", ())]

    def _history(self) -> list[dict[str, Any]]:
        history: list[dict[str, Any]] = self.door.state(contacts=False, history=100_000)["history"]
        return history


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """The program beside a CRM in the same database."""

    url: str
    api: Api
    folder: Path
    _monkeypatch: pytest.MonkeyPatch
    _capture: pytest.CaptureFixture[str]

    @classmethod
    def prepare(
        cls, url: str, api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> Installation:
        monkeypatch.chdir(folder)
        for name, value in {
            "RECONCILER_DATABASE_URL": url,
            "RECONCILER_KEYRING": str(folder / "keys.json"),
            "RECONCILER_API_URL": api.url,
            "RECONCILER_AUTH_URL": api.auth_url or "http://127.0.0.1:1",
            "RECONCILER_PACE_PER_SECOND": "1000",
        }.items():
            monkeypatch.setenv(name, value)
        made = cls(url, api, folder, monkeypatch, capture)
        with psycopg.connect(url) as db:
            people.create_tables(db)
        assert made.say("keys", "init").code == 0
        return made

    def say(self, *words: str, stdin: str | None = None) -> Said:
        """Say a command; gives its exit code and what it printed."""
        self._capture.readouterr()
        self._monkeypatch.setattr("sys.argv", ["reconciler", *words])
        if stdin is not None:
            (self.folder / "stdin").write_text(stdin, encoding="utf-8")
        source = self.folder / "stdin" if stdin is not None else Path("/dev/null")
        with source.open(encoding="utf-8") as given:
            self._monkeypatch.setattr("sys.stdin", given)
            with pytest.raises(SystemExit) as left:
                cli.main()
        printed = self._capture.readouterr()
        self._keeps_secrets(words, printed.out, printed.err)
        return Said(int(left.value.code or 0), printed.out, printed.err)

    def _keeps_secrets(self, words: Sequence[str], out: str, err: str) -> None:
        """Whatever a test is about: no output has a secret, nor an address in full that nobody has said."""
        secrets = [self.api.access_token, self.api.api_key, self.api.refresh_token]
        assert not [each for each in secrets if len(each) > _A_SECRET and each in out + err], words
        shown = err if _UNMASKED & {word.partition("=")[0] for word in words} else out + err
        assert set(_ADDRESS.findall(shown)) <= {*_EXAMPLES, *words}, words

    def connect(self, name: str = "acme", *options: str) -> Said:
        """Connect and start; waits are made short."""
        said = self.say("connect", name, *self.credentials(), "--list-id", self.api.list_id, *options)
        if said.code == 0:
            assert self.say("set", name, *QUICK).code == 0
        return said

    def credentials(self) -> Sequence[str]:
        file = self.folder / "credentials.json"
        file.write_text(json.dumps({"api_key": self.api.api_key, "access_token": self.api.access_token}))
        return ("--credentials", str(file))

    def run(self, name: str = "acme", *options: str) -> dict[str, Any]:
        """Run once; gives the report."""
        said = self.say("run", name, "--json", *options)
        assert said.out, said.err
        report: dict[str, Any] = json.loads(said.out)
        return report

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Do something in the database, as the CRM's people would."""
        with psycopg.connect(self.url) as db:
            cursor = db.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def add(self, email: str | None, **columns: object) -> str:
        """Add a contact to the CRM; gives its id."""
        row: Mapping[str, object] = {"workspace": "acme", "email": email, **columns}
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        found = self.sql(f"INSERT INTO contacts ({names}) VALUES ({marks}) RETURNING id::text", *row.values())
        return str(found[0][0])

    def change(self, contact_id: str, **columns: object) -> None:
        """Change a contact in the CRM."""
        sets = ", ".join(f"{name} = %s" for name in columns)
        self.sql(f"UPDATE contacts SET {sets} WHERE id = %s", *columns.values(), contact_id)

    def later(self, minutes: float) -> None:
        """Set the ledger's clock ahead."""
        self.sql(
            "INSERT INTO reconciler.clock_offset (ahead) VALUES (make_interval(secs => %s))"
            " ON CONFLICT (only_row) DO UPDATE SET ahead = clock_offset.ahead + EXCLUDED.ahead",
            minutes * 60,
        )

    def run_telling(self, tell: Callable[[str], None], name: str = "acme") -> dict[str, Any]:
        """Run once, and hear what the run tells while it goes on: a test acts at just that moment."""
        here = Process(Settings.load(os.environ, self.folder / ".env"))
        with contextlib.closing(here.ledger()) as ledger:
            report = reconcile.run(here.parts(ledger, tell), name, Request("cli"))
        assert isinstance(report, Report)
        return report.to_json()

    def rows(self, run_id: int) -> list[tuple[Any, ...]]:
        """A run's rows: contact_id, action, field, outcome, code."""
        return self.sql(
            "SELECT contact_id, action, field, outcome, code FROM reconciler.run_rows"
            " WHERE run_id = %s ORDER BY row_number",
            run_id,
        )
