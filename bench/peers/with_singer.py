"""singer-sdk: a tap for SQL and a target with a batch sink, each a process, with a pipe between them.

What it does better: hundreds of taps and targets can be put together by anybody, records are checked against a schema
on the way, and incremental reading by a replication key with its state is there. It takes no care of who is on the list
already: all records of a run are sent.

As sdk.meltano.com has it: SQLTap with SQLStream needs no code but its connector; a sink of batches takes `max_size`
records, here as many as fill an import.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import imports
from singer_sdk import typing as th
from singer_sdk.sinks import BatchSink
from singer_sdk.sql import SQLConnector, SQLStream, SQLTap
from singer_sdk.target_base import Target

_FOLDER = Path(os.environ.get("PEER_FOLDER", "."))


class Connector(SQLConnector):
    """The CRM; its address is the whole configuration."""

    def get_sqlalchemy_url(self, config: dict[str, Any]) -> str:
        return str(config["sqlalchemy_url"])


class Table(SQLStream):
    """A table of the CRM."""

    connector_class = Connector


class Tap(SQLTap):
    """Reads tables of a CRM."""

    name = "tap-crm"
    default_stream_class = Table
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("sqlalchemy_url", th.StringType, required=True)
    ).to_dict()


class Imports(BatchSink):
    """Imports each batch; waits for all activities when the last has been handed in."""

    max_size = imports.BATCH
    activities: ClassVar[list[str]] = []

    def process_batch(self, context: dict[str, Any]) -> None:
        self.activities.extend(imports.send(context["records"]))

    def clean_up(self) -> None:
        super().clean_up()
        imports.wait(self.activities)


class ConstantContact(Target):
    """Writes contacts by imports."""

    name = "target-constant-contact"
    default_sink_class = Imports
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()


def prepare(config: Path, catalog: Path) -> None:
    """What is done once: discovery, and the choice of the columns."""
    config.write_text(json.dumps({"sqlalchemy_url": os.environ["PEER_CRM"]}))
    catalog.write_text(json.dumps(_chosen(_said("tap", "--config", str(config), "--discover"))))


def main(config: Path, catalog: Path) -> None:
    """Run tap and target with a pipe between them."""
    tap = subprocess.Popen(
        [sys.executable, __file__, "tap", "--config", str(config), "--catalog", str(catalog)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    target = subprocess.run([sys.executable, __file__, "target"], stdin=tap.stdout, check=False)
    if tap.wait() or target.returncode:
        raise SystemExit(1)


def _said(*words: str) -> dict[str, Any]:
    said = subprocess.run([sys.executable, __file__, *words], check=True, capture_output=True)
    return dict(json.loads(said.stdout))


def _chosen(catalog: dict[str, Any]) -> dict[str, Any]:
    """The catalog with only the contacts of the CRM, and of those only the columns that are sent."""
    streams = [each for each in catalog["streams"] if each["tap_stream_id"].endswith("contacts")]
    for each in streams:
        for part in each["metadata"]:
            named = part["breadcrumb"][-1:]
            part["metadata"]["selected"] = not named or named[0] in {"id", *imports.KEYS}
    return {"streams": streams}


if __name__ == "__main__":
    match sys.argv[1:2]:
        case ["tap"]:
            Tap.cli(sys.argv[2:])
        case ["target"]:
            ConstantContact.cli(sys.argv[2:])
        case ["prepare"]:
            prepare(_FOLDER / "config.json", _FOLDER / "catalog.json")
        case _:
            main(_FOLDER / "config.json", _FOLDER / "catalog.json")
