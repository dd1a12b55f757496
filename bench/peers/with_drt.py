"""drt-core: a model in SQL and its REST API destination, in YAML, run by its own command.

What it does better: no code at all, with secrets, tests, alerts and a retry in the same file, a difference against the
last run's snapshot (`incremental_strategy: diff`), guards, and dozens of destinations that it knows by name. Its own
generic one takes a 2xx for success, so the activity that an import is done by is not looked at: the bench waits for it.

As its README has it, `body_mode: batch` puts many rows into one request; a batch is as many as fill an import.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import imports

#: Its JSON has blanks after commas and colons: fewer contacts fit into the 4,000,000 bytes, and what is beyond is lost.
_BATCH = 20_000

_PROFILE = """\
bench:
  type: postgres
  host: {host}
  port: 5432
  dbname: crm
  user: {user}
  fetch_size: {batch}
"""
_SYNC = """\
name: contacts
model: "SELECT {columns} FROM contacts"
destination:
  type: rest_api
  url: "{url}/activities/contacts_json_import"
  method: POST
  headers:
    Content-Type: "application/json"
  auth:
    type: bearer
    token_env: PEER_TOKEN
  body_mode: batch
  max_records_per_request: {batch}
  batch_template: >-
    {{"import_data": {{{{ rows | tojson }}}}, "list_ids": ["{list_id}"]}}
sync:
  mode: full
  batch_size: {batch}
  rate_limit:
    requests_per_second: 1000
  on_error: fail
"""


def prepare(folder: Path) -> None:
    """What is done once: the project."""
    url = urllib.parse.urlsplit(os.environ["PEER_CRM"])
    host = urllib.parse.parse_qs(url.query)["host"][0]
    columns = ", ".join(f"coalesce({name}, '') AS {key}" for name, key in imports.KEYS.items() if name in _FILLED)
    for name, text in {
        "drt_project.yml": 'name: bench\nversion: "0.1"\nprofile: bench\n',
        ".drt/profiles.yml": _PROFILE.format(host=host, user=url.username, batch=_BATCH),
        "syncs/contacts.yml": _SYNC.format(
            columns=columns,
            url=os.environ["PEER_API_URL"],
            list_id=os.environ["PEER_LIST_ID"],
            batch=_BATCH,
        ),
    }.items():
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)


#: A template can't leave out what is blank in one row only: the columns that the bench fills.
_FILLED = ("email", "first_name", "last_name", "phone", "city", "company")


def main(folder: Path) -> None:
    """Run the sync, then wait for the activities that it has begun."""
    subprocess.run([str(Path(sys.executable).with_name("drt")), "run"], cwd=folder, check=True)
    found = imports.call("GET", "/activities?limit=500")["activities"]
    imports.wait(each["activity_id"] for each in found)


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        prepare(Path(os.environ["PEER_FOLDER"]))
    else:
        main(Path(os.environ["PEER_FOLDER"]))
