"""What live updates cost: the calls that the snapshots of the sample events of `live`, `live-push` and
`relay` show, times the prices."""

from dataclasses import dataclass

# A page that watches a job of so many minutes, with so many events.
MINUTES, EVENTS = 5, 12


@dataclass(frozen=True)
class Part:
    """What one part of watching takes."""

    what: str
    write_units: float = 0
    read_units: float = 0
    sqs: float = 0
    invocations: float = 0
    # Calls that an invocation waits for, one after the other.
    waits: int = 0
    messages: float = 0
    minutes: float = 0


# By their names, as often as one page with a ticket has them while it watches.
PARTS = {
    Part("a ticket", write_units=1, read_units=1, waits=2, invocations=1): 1,
    Part("a connection opened and closed", write_units=4, invocations=2, waits=5): 1,
    Part("a subscription to a job", write_units=3, read_units=3, invocations=1, waits=6, messages=2): 1,
    Part("a connection for a minute", minutes=1): MINUTES,
    Part("an event, whether anybody has a connection", read_units=1): EVENTS,
    Part("an event of an owner with connections", read_units=2, sqs=3, invocations=1, waits=2): EVENTS,
    Part("an event to one connection", waits=1, messages=1): EVENTS,
}


def dollars(part: Part, prices: dict) -> float:
    """The cost of a million of it."""
    million, call = prices["dollars_per_million"], prices["assumed_milliseconds"]["a call of dynamodb"]
    # At 256 MB.
    gb_seconds = part.waits * call / 1000 / 4
    return (
        part.write_units * million["dynamodb_write_unit"]
        + part.read_units * million["dynamodb_read_unit"]
        + part.sqs * million["sqs_request"]
        + part.invocations * million["lambda_request"]
        + gb_seconds * million["lambda_arm64_gb_second"]
        + part.messages * million["web_socket_message"]
        + part.minutes * million["web_socket_connection_minute"]
    )


def section(prices: dict) -> str:
    """The part of docs/COST.md."""
    rows = "\n".join(f"| {part.what} | {dollars(part, prices):.2f} | {times} |" for part, times in PARTS.items())
    whole = sum(dollars(part, prices) * times for part, times in PARTS.items())
    return f"""## What watching adds

Live updates ([LIVE.md](LIVE.md)): a million of each part, and how often a page has it that watches a job of
{MINUTES} minutes with {EVENTS} events.

| part | $ per million | times |
| --- | ---: | ---: |
{rows}
| **a job watched by a page** | **{whole:.2f}** | |
| **a watched minute** | **{whole / MINUTES:.2f}** | |
"""
