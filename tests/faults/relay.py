"""Passes connections on, from a port of a host's own loopback to a service on another host.

It is run as a program, within the host's network: relay.py PORT TO_HOST TO_PORT. It says a word once it listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

_CHUNK = 65_536


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """What was taken is not taken back where one side is gone: it may arrive much later, as in any network."""
    with contextlib.suppress(OSError):
        while piece := await source.read(_CHUNK):
            target.write(piece)
            await target.drain()
        target.write_eof()


async def _serve(port: int, to_host: str, to_port: int) -> None:
    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, to = await asyncio.open_connection(to_host, to_port)
            await asyncio.gather(_pump(reader, to), _pump(there, writer))
            to.close()
        writer.close()

    async with await asyncio.start_server(passed_on, "127.0.0.1", port) as server:
        sys.stdout.write("listens\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
