"""Receives webhooks: believes only what is signed, takes each event once, and answers at once.

    WEBHOOK_SECRET=whsec_… python receiver.py [PORT]     # 9000 if not said; 0 picks a free one
"""

import asyncio
import os
import socket
import sys

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ.get("WEBHOOK_SECRET") or sys.exit("WEBHOOK_SECRET is not set"))
app = FastAPI()
# By webhook-id. A real receiver keeps the ids in its database, written together with what it does about the event.
events = {}
arrived = asyncio.Condition()


@app.post("/webhook")
async def receive(request: Request):
    body = await request.body()  # The bytes as they came: the signature is over them, not over the parsed JSON.
    try:
        event = webhook.verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):  # ValueError: headers or text that can't even be read.
        raise HTTPException(401, "not signed by whom we know") from None
    id = request.headers["webhook-id"]
    async with arrived:
        # A webhook may come twice; the second is answered like the first, and changes nothing. Slow work belongs
        # behind the answer, in a queue of your own.
        first = events.setdefault(id, {**event, "id": id, "deliveries": 0})
        first["deliveries"] += 1
        arrived.notify_all()
    return Response(status_code=204)


@app.get("/events")
async def of_agent(agent_id: str, at_least: int = 0, within: float = 30):
    """For run.py: what has come of one agent, once there is so much of it, or when the seconds are over."""

    def matching():
        return [event for event in events.values() if event["data"]["agent_id"] == agent_id]

    async with arrived:
        try:
            await asyncio.wait_for(arrived.wait_for(lambda: len(matching()) >= at_least), within)
        except asyncio.TimeoutError:
            pass
        return matching()


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
    print(f"The receiver listens at http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])
