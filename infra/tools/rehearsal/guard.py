"""ministack with Lambda's detection of recursive loops through queues; by itself it knows direct invocations only.

Run by the emulator's own Python. As on AWS the count is a part of the trace header: Lambda passes it to the
function, whose SDK sends it with every call; SQS keeps it with a message (`AWSTraceHeader`), and Lambda refuses
a message whose chain has invoked the function 16 times, unless the function's `RecursiveLoop` is `Allow`.
"""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

from ministack.services import lambda_svc, sqs

# The counts of the messages of an invocation, and the trace header of a call.
CHAIN: ContextVar[dict[str, int]] = ContextVar("chain")
HEADER: ContextVar[str | None] = ContextVar("header", default=None)
ROOT = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0"

receive_call, system_attributes, run_batch = sqs.handle_request, sqs._build_send_sys_attrs, lambda_svc._run_sqs_batch


def counts(header: str | None) -> dict[str, int]:
    """How often each function has run in the chain of a trace header."""
    lineage = unquote(header or "").partition("Lineage=")[2].partition(";")[0]
    return {name: int(count) for name, count in re.findall(r"([\w-]+):(\d+)", lineage)}


async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
    """A call of SQS, with its trace header."""
    HEADER.set(headers.get("x-amzn-trace-id"))
    return await receive_call(method, path, headers, body, query)


def with_header(now: float, given: Any) -> dict[str, str]:
    """The system attributes of a message that is sent."""
    header = HEADER.get()
    return ({"AWSTraceHeader": header} if header else {}) | system_attributes(now, given)


def run_unless_loop(mapping: Any, function: Any, event: Any, batch: list[Any], *queue: Any) -> None:
    """Invokes the function without the messages of loops, which stay in the queue until they are dead letters."""
    name, kept, chain = function["config"]["FunctionName"], set(), {}
    for record in event["Records"]:
        of_message = counts(record["attributes"].get("AWSTraceHeader"))
        if function.get("recursive_loop") != "Allow" and of_message.get(name, 0) >= lambda_svc.MAX_INVOKE_DEPTH:
            logging.getLogger("guard").warning("recursive invocation of %s dropped", name)
            continue
        kept.add(record["messageId"])
        chain = {one: max(chain.get(one, 0), of_message.get(one, 0)) for one in chain | of_message}
    if not kept:
        return
    CHAIN.set(chain)
    records = [record for record in event["Records"] if record["messageId"] in kept]
    run_batch(mapping, function, {"Records": records}, [one for one in batch if one["id"] in kept], *queue)


def trace_header(config: dict[str, Any], _inbound: str | None = None) -> str:
    """The trace header of an invocation."""
    chain, name = CHAIN.get({}), config["FunctionName"]
    lineage = chain | {name: chain.get(name, 0) + 1}
    return f"{ROOT};Lineage=" + "|".join(f"{one}:{count}" for one, count in lineage.items())


if __name__ == "__main__":
    sqs.handle_request, sqs._build_send_sys_attrs = handle_request, with_header
    lambda_svc._run_sqs_batch, lambda_svc._xray_trace_id_for_invocation = run_unless_loop, trace_header
    from ministack.app import main

    sys.exit(main())
