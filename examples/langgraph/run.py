"""Subscribes the receiver, runs the graph, and shows what arrived. Exits with 0 only if every event came, verified.

    RINGBACK_TOKEN=… WEBHOOK_SECRET=whsec_… python run.py [--lose-an-answer]
"""

import json
import os
import sys
import urllib.parse
import urllib.request

import agent
from publish import call, publish

RECEIVER = os.environ.get("RECEIVER_URL", "http://127.0.0.1:9000")
PATIENCE = float(os.environ.get("PATIENCE", "30"))  # seconds


def losing_an_answer():
    """Publishes as ever, but the first answer to `agent_processing` is lost, so that LangGraph runs the node again."""
    lost = []

    def losing(event, data, *, id):
        publish(event, data, id=id)
        if id in lost:
            print(f"{event} was published twice, under one id")
        elif event == "agent_processing":
            lost.append(id)
            raise ConnectionError("the answer was lost")

    return losing


def arrivals(agent_id):
    query = urllib.parse.urlencode({"agent_id": agent_id, "at_least": len(agent.EVENTS), "within": PATIENCE})
    with urllib.request.urlopen(f"{RECEIVER}/events?{query}", timeout=PATIENCE + 10) as response:
        return sorted(json.load(response), key=lambda event: event["data"]["timestamp"])


def main():
    if "--lose-an-answer" in sys.argv[1:]:
        agent.publish = losing_an_answer()
    # Without `secret`, Ringback makes one and shows it in this answer, once.
    endpoint = {"name": "LangGraph", "url": f"{RECEIVER}/webhook", "events": agent.EVENTS}
    made = call("POST", "/api/webhooks", {**endpoint, "secret": os.environ["WEBHOOK_SECRET"]})
    try:
        state = agent.run("user-7", "events by moved is agent This")
        came = arrivals(state["agent_id"])
    finally:
        call("DELETE", f"/api/webhooks/{made['webhook_id']}")

    print(f"agent {state['agent_id']}: {len(came)} of {len(agent.EVENTS)} events arrived, verified")
    for event in came:
        since = event["data"]["timestamp"] - came[0]["data"]["timestamp"]
        print(f"  {since:6.3f} s  {event['event']:<17} {json.dumps(event['data']['output'])}")
    if [event["event"] for event in came] != agent.EVENTS:
        sys.exit(f"expected {', '.join(agent.EVENTS)}")


if __name__ == "__main__":
    main()
