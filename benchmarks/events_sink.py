"""Answers 202 to whatever is posted to it on a port of this machine; a process of its own (benchmarks/events.py)."""

from __future__ import annotations

import asyncio
import sys

ANSWER = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: bench\r\nContent-Length: 0\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            left = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            while left:
                part = await reader.read(min(left, 1 << 18))
                if not part:
                    return
                left -= len(part)
            writer.write(ANSWER)
            await writer.drain()
            if b"connection: close" in head:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]), limit=1 << 18)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
