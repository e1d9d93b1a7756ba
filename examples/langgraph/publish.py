"""Publishes events through Ringback. Copy this file: it needs nothing but Python.

Each event has an id of its own, so sending it again is safe, and a call whose answer was lost is simply repeated.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request

API = os.environ.get("RINGBACK_URL", "http://127.0.0.1:8080")
TRIES = 6  # Pauses of 0.2 s to 3.2 s between them, or as long as Ringback asks for.
RETRIED = {429, 502, 503, 504}  # Nothing has happened yet, or we can't know: the id makes repeating safe.


def call(method, path, body=None):
    """One request to Ringback's API; gives the JSON that it answers, or None. Raises urllib.error.HTTPError."""
    headers = {"Authorization": f"Bearer {os.environ['RINGBACK_TOKEN']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read()
    return json.loads(text) if text else None


def publish(event, data, *, id, source="langgraph_agent"):
    """Publishes one event. True if Ringback has it now; False if it had one of this id, with other data, before.

    Raises ConnectionError if Ringback can't be reached, and urllib.error.HTTPError if it refuses the event.
    """
    for attempt in range(TRIES):
        pause = 0.2 * 2**attempt
        try:
            call("POST", "/api/events", {"event": event, "data": data, "id": id, "source": source})
            return True
        except urllib.error.HTTPError as error:
            if error.code == 409:  # The first one stands.
                return False
            if error.code not in RETRIED:
                raise
            reason, asked = error, error.headers.get("Retry-After", "")
            pause = min(int(asked), 30) if asked.isdigit() else pause
        except (OSError, http.client.HTTPException) as error:
            reason = error
        if attempt + 1 < TRIES:
            time.sleep(pause)
    raise ConnectionError(f"{event} was not published, after {TRIES} tries: {reason}") from reason
