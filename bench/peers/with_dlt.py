"""dlt: its source for SQL databases into a custom destination, which is its documented way of reverse ETL.

What it does better: it reads from dozens of sources and writes to dozens of databases and files, evolves schemas by
itself, keeps its state with the data, and a whole pipeline is ten lines. It takes no care of who is on the list
already: all rows of a run are sent.

As dlthub.com/docs/dlt-ecosystem/destinations/destination has it: the function is called with a batch of items; a batch
is as many contacts as an import takes, so that fewest calls are made. The backend, the sizes of the
source's chunks and of the buffers are as dlthub.com/docs/reference/performance advises for many rows.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import dlt
import imports
from dlt.sources.sql_database import sql_table

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.schema import TTableSchema

_activities: list[str] = []


@dlt.destination(batch_size=imports.BATCH, name="constant_contact")
def constant_contact(items: pa.RecordBatch, _table: TTableSchema) -> None:
    """Import a batch."""
    _activities.extend(imports.send(items.to_pylist()))


def main() -> None:
    """Run the pipeline once, in a folder that is new."""
    os.environ.setdefault("DATA_WRITER__BUFFER_MAX_ITEMS", str(2 * imports.BATCH))
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
    pipeline = dlt.pipeline("contacts", destination=constant_contact, pipelines_dir=os.environ["PEER_FOLDER"])
    people = sql_table(
        os.environ["PEER_CRM"],
        table="contacts",
        backend="pyarrow",
        chunk_size=2 * imports.BATCH,
        included_columns=["id", *imports.KEYS],
    )
    pipeline.run(people)
    imports.wait(_activities)


if __name__ == "__main__":
    main()
