"""``python -m tests.bench.intake``: events a second over HTTP, beside an app that only parses JSON.

Both are served by the same server in a process of their own, and get the same requests from the
same client: batches of a hundred, by eight senders. Ours verifies a token, checks every event and
answers when all are on the disk; the other one only parses.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine import logs
from engine.store import open_store
from engine.web.intake.access import Access, Sender
from engine.web.intake.commits import Commits
from engine.web.intake.intake import Intake
from engine.web.intake.routes import intake_routes
from engine.web.server import WebServer

TOKEN = "a-token-that-is-long-enough"
BATCH = 100
SENDERS = 8


def main() -> None:
    """Measure in turns, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.intake", description=__doc__)
    parser.add_argument("--batches", type=int, default=500, help="of each round (default 500)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count (default 3)")
    asked = parser.parse_args()
    ours, theirs = [], []
    for _ in range(asked.rounds):
        ours.append(_measured(_serve_intake, asked.batches))
        theirs.append(_measured(_serve_plain, asked.batches))
    one, other = statistics.median(ours), statistics.median(theirs)
    print(f"intake            {one:8,.0f} events/s  {[round(each) for each in ours]}")
    print(f"only parsing JSON {other:8,.0f} events/s  {[round(each) for each in theirs]}")
    print(f"ratio             {one / other:8.2f}")


def _measured(serve: Callable[[Connection], None], batches: int) -> float:
    """Events a second that are taken by a server in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    url = here.recv()
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    began = monotonic()
    with httpx.Client(headers=headers, timeout=60) as client, ThreadPoolExecutor(SENDERS) as pool:
        statuses = set(
            pool.map(
                lambda n: client.post(f"{url}/v1/events", content=_batch(n)).status_code,
                range(batches),
            )
        )
    spent = monotonic() - began
    here.send("stop")
    process.join()
    if statuses != {202}:
        raise SystemExit(f"wrong answers: {statuses}")
    return batches * BATCH / spent


def _batch(number: int) -> bytes:
    events = [
        {
            "id": f"{number}-{each}",
            "type": "message",
            "ticket": str(each),
            "from": "customer",
            "text": "Where is my order? I have waited for days.",
        }
        for each in range(BATCH)
    ]
    return json.dumps(events).encode()


def _serve_intake(pipe: Connection) -> None:
    with tempfile.TemporaryDirectory(prefix="esc-bench-") as folder:
        store = open_store(f"sqlite:///{Path(folder)}/store.db")
        commits = Commits(store, lambda: datetime.now(UTC))
        intake = Intake(
            access=Access([Sender("web", (TOKEN,))]),
            hooks={},
            commits=commits,
            now=lambda: datetime.now(UTC),
            real_now=lambda: datetime.now(UTC),
            log=logs.get(),
        )
        commits.start()
        _serve(Starlette(routes=intake_routes(intake)), pipe)
        commits.stop()
        store.close()


def _serve_plain(pipe: Connection) -> None:
    async def parse(request: Request) -> JSONResponse:
        return JSONResponse({"taken": len(await request.json())}, 202)

    _serve(Starlette(routes=[Route("/v1/events", parse, methods=["POST"])]), pipe)


def _serve(app: Starlette, pipe: Connection) -> None:
    server = WebServer(app, "127.0.0.1", 0)
    pipe.send(server.start())
    pipe.recv()
    server.stop()


if __name__ == "__main__":
    main()
