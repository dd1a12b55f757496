"""Writes down who does what to which connection: triggers in the ledger, and an ear before the API.

It knows nothing of how the program decides. Whose a session is that writes to the ledger is told by its name there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.rows import namedtuple_row

from reconciler.simulator.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.simulator.answers import Answer, Request
    from reconciler.simulator.provider import Provider
    from tests.crowd import Crowd

#: The leases, and tables that only who has one may write to. A quiet tick moves its watermark without.
_FENCED = ("leases", "batches", "batch_contacts", "contacts")
_TRIGGERS = """
    CREATE TABLE witnessed (
        number bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT clock_timestamp(),
        host text DEFAULT current_setting('application_name'),
        relation text, connection_id bigint, fence bigint, until double precision
    );
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.witnessed (relation, connection_id, fence, until)
        SELECT TG_TABLE_NAME, NEW.connection_id, CAST(r.row ->> 'fence' AS bigint),
               extract(epoch FROM CAST(r.row ->> 'until' AS timestamptz))
        FROM to_jsonb(NEW) AS r (row);
        RETURN NULL;
    END
    $$;
"""
_TRIGGER = (
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE ON reconciler.{0} FOR EACH ROW EXECUTE FUNCTION public.witness();"
)
_IMPORT = "contacts_json_import"


@dataclass(frozen=True)
class Write:
    """A request that may change something, when it came and from which host."""

    at: float
    host: str
    connection: str
    request: Request
    status: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.request.body).hexdigest()

    @property
    def is_import(self) -> bool:
        return _IMPORT in self.request.path

    def contents(self) -> Iterator[tuple[str, ...]]:
        """Of an import: each contact with all that was sent of it."""
        for row in json.loads(self.request.body)["import_data"]:
            yield (self.connection, json.dumps(row, sort_keys=True))


@dataclass
class Tenure:
    """The time of one lease: whose it was, and until when it was for certain."""

    host: str
    since: float
    until: float


@dataclass
class Witness:
    """What was seen of a crowd."""

    crowd: Crowd
    writes: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.crowd.sql(_TRIGGERS + "".join(_TRIGGER.format(name) for name in _FENCED))

    @contextlib.contextmanager
    def listening(self, host: str, address: str) -> Iterator[None]:
        """The crowd's API at an address at which only one host finds it."""
        server = Server(address, int(self.crowd.address.rpartition(":")[2]))
        server.provider = cast("Provider", _Ear(host, self))
        threading.Thread(target=server.run, daemon=True).start()
        try:
            yield
        finally:
            server.close()

    def takes(self, since: float) -> set[tuple[str, int]]:
        """Who has taken the lease of which connection since then."""
        return {
            (tenure.host, connection)
            for (connection, _), tenure in self.tenures().items()
            if tenure.since >= since and tenure.host
        }

    def tenures(self) -> Mapping[tuple[int, int], Tenure]:
        """Each lease by its connection and fence. One that is taken over or given back ends then."""
        found: dict[tuple[int, int], Tenure] = {}
        for row in self._rows("SELECT * FROM seen WHERE relation = 'leases' AND fence > 0"):
            key = (row.connection_id, row.fence)
            before = found.get((row.connection_id, row.fence - 1))
            if key not in found and before is not None:
                before.until = min(before.until, row.at)
            tenure = found.setdefault(key, Tenure(row.host, row.at, row.until))
            tenure.until = row.until if row.until > row.at else min(tenure.until, row.at)
        return found

    def fenced_off(self) -> Sequence[str]:
        """Writes to the ledger by who was not the last one to take the lease."""
        holder: dict[int, tuple[int, str]] = {}
        wrong = []
        for row in self._rows("SELECT * FROM seen"):
            if row.relation == "leases":
                if row.fence > holder.get(row.connection_id, (0, ""))[0]:
                    holder[row.connection_id] = (row.fence, row.host)
            elif holder.get(row.connection_id, (0, ""))[1] != row.host:
                wrong.append(f"{row.host} wrote {row.relation} of {row.connection_id} at {row.at}")
        return wrong

    def doubled(self) -> Sequence[object]:
        """What was sent in more than one import. All values of a contact are different ones."""
        sent = Counter(each for write in self.writes if write.is_import for each in write.contents())
        return [each for each, times in sent.items() if times > 1]

    def out_of_turn(self) -> Sequence[str]:
        """Imports of no batch of their host's, or whose batch was intended when the host had no lease any more."""
        tenures = self.tenures()
        return [
            f"{write.host} sent an import of {write.connection} at {write.at}"
            for write, batch in self._sent()
            if batch is None
            or (tenure := tenures[batch.connection_id, batch.fence]).host != write.host
            or not tenure.since <= batch.at <= tenure.until
        ]

    def late(self) -> Sequence[Write]:
        """Imports that came when their lease was over: a line had kept them."""
        tenures = self.tenures()
        return [
            write
            for write, batch in self._sent()
            if batch is not None and write.at > tenures[batch.connection_id, batch.fence].until
        ]

    def _sent(self) -> Iterator[tuple[Write, Any]]:
        batches = self._rows(
            "SELECT c.name, b.body_sha256, b.connection_id, b.fence, extract(epoch FROM b.intended_at)::float8 AS at"
            " FROM reconciler.batches AS b JOIN reconciler.connections AS c USING (connection_id)"
        )
        found = {(batch.name, batch.body_sha256): batch for batch in batches}
        for write in self.writes:
            if write.is_import:
                yield write, found.get((write.connection, write.sha256))

    def _rows(self, statement: str) -> Sequence[Any]:
        seen = (
            "WITH seen AS (SELECT number, extract(epoch FROM at)::float8 AS at, host, relation, connection_id, fence,"
            " until FROM witnessed ORDER BY number) "
        )
        with psycopg.connect(self.crowd.url, row_factory=namedtuple_row) as db:
            return db.execute((seen + statement).encode()).fetchall()


@dataclass(frozen=True)
class _Ear:
    """In the place of a provider, as the crowd's own gate, for one host."""

    host: str
    witness: Witness

    @property
    def clock(self) -> Any:
        return self.witness.crowd._gate.clock

    def breaks_off(self, *_: object) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        at, gate = time.time(), self.witness.crowd._gate
        answer = gate.answer(request)
        if request.method != "GET":
            token = request.headers["authorization"].removeprefix("Bearer ")
            name = self.witness.crowd.names[self.witness.crowd.providers.index(gate._by_token[token])]
            self.witness.writes.append(Write(at, self.host, name, request, answer.status))
        return answer
