"""A LangGraph agent that tells the world how far it is: each node publishes one event when it is done.

LangGraph may run a node again: by its retry policy, or when a graph is resumed from its last checkpoint. The node's task
id is then the same, and so the event is the same event; a node in a loop has another task id each time round.
"""

import time
import uuid
from typing import TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import RetryPolicy

from publish import publish

EVENTS = ["agent_started", "agent_processing", "agent_completed"]


class State(TypedDict, total=False):
    agent_id: str
    user_id: str
    input: str
    status: str
    result: str


def publishes(event):
    """Decorates a node, so that it publishes this event behind its work. If that fails, the node has failed."""

    def decorate(node):
        def publishing(state: State, runtime: Runtime) -> State:
            started = time.perf_counter()
            output = node(state)
            data = {
                "agent_id": state["agent_id"],
                "user_id": state["user_id"],
                "input": state["input"],
                "output": output,
                "execution_time": time.perf_counter() - started,  # seconds
                "timestamp": time.time(),
            }
            publish(event, data, id=runtime.execution_info.task_id)
            return output

        return publishing

    return decorate


@publishes("agent_started")
def start(state):
    return {"status": "started"}


@publishes("agent_processing")
def process(state):
    # Here a real agent asks a model.
    return {"status": "processed", "result": " ".join(reversed(state["input"].split()))}


@publishes("agent_completed")
def end(state):
    return {"status": "completed", "result": state["result"]}


def build():
    again = RetryPolicy(max_attempts=3, initial_interval=0.2, retry_on=ConnectionError)
    graph = StateGraph(State)
    graph.add_node("start", start, retry_policy=again)
    graph.add_node("process", process, retry_policy=again)
    graph.add_node("end", end, retry_policy=again)
    graph.add_edge(START, "start")
    graph.add_edge("start", "process")
    graph.add_edge("process", "end")
    graph.add_edge("end", END)
    # In memory; with a checkpointer that is on disk, a run goes on after a crash.
    return graph.compile(checkpointer=InMemorySaver())


def run(user_id, text):
    """Runs the graph once; gives the state at its end."""
    agent_id = str(uuid.uuid4())
    config = {"configurable": {"thread_id": agent_id}}
    return build().invoke({"agent_id": agent_id, "user_id": user_id, "input": text}, config)
