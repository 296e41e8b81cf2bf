"""Versioned deployments of one app: what was deployed first, two wrong ways to change it, and two right ones."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask import task

first, changed_in_place, slipped_in, under_a_new_name, by_version = (df.DFApp() for _ in range(5))

type Steps = Generator[Any, Any, list[str]]


def order_v1(context: task.OrchestrationContext, item: str) -> Steps:
    """Pick, wait for the payment, send."""
    picked = yield context.call_activity("do", input=f"pick {item}")
    yield context.wait_for_external_event("paid")
    return [picked, (yield context.call_activity("do", input=f"send {item}"))]


def order_v2(context: task.OrchestrationContext, item: str) -> Steps:
    """Check for fraud first: an instance of the old code that is under way cannot go on with this."""
    checked = yield context.call_activity("check", input=item)
    picked = yield context.call_activity("do", input=f"pick {item}")
    yield context.wait_for_external_event("paid")
    return [checked, picked, (yield context.call_activity("do", input=f"send {item}"))]


def order_slipped_in(context: task.OrchestrationContext, item: str) -> Steps:
    """The same by an activity that the old code calls too: nothing fails, and results are taken for one another."""
    checked = yield context.call_activity("do", input=f"check {item}")
    picked = yield context.call_activity("do", input=f"pick {item}")
    yield context.wait_for_external_event("paid")
    return [checked, picked, (yield context.call_activity("do", input=f"send {item}"))]


def order_by_version(context: task.OrchestrationContext, item: str) -> Steps:
    """Take the way of the version with which the instance was started."""
    return (yield from (order_v2 if context.version == "2" else order_v1)(context, item))


def do(what: str) -> str:
    """Do something."""
    return f"{what}: done"


def check(item: str) -> str:
    """Look for fraud."""
    return f"check {item}: done"


for app in (first, changed_in_place, slipped_in, under_a_new_name, by_version):
    app.activity_trigger(input_name="what")(do)
    app.activity_trigger(input_name="item")(check)
first.orchestration_trigger(context_name="context", orchestration="order")(order_v1)
changed_in_place.orchestration_trigger(context_name="context", orchestration="order")(order_v2)
slipped_in.orchestration_trigger(context_name="context", orchestration="order")(order_slipped_in)
under_a_new_name.orchestration_trigger(context_name="context", orchestration="order")(order_v1)
under_a_new_name.orchestration_trigger(context_name="context", orchestration="order_v2")(order_v2)
by_version.orchestration_trigger(context_name="context", orchestration="order")(order_by_version)
