"""A queue gives no message out twice, loses none, and shows those whose retries are exhausted."""

from collections.abc import Iterator
from pathlib import Path

from infra.tools.template import Function, Queue, Template

# By AWS's advice a message stays hidden for this many times its function's timeout.
HIDDEN_TIMEOUTS = 6
WAITING = "ApproximateNumberOfMessagesVisible"
AGE = "ApproximateAgeOfOldestMessage"


def complaints(_: Path, template: Template) -> Iterator[str]:
    """What queues lack, and functions behind queues."""
    for function in template.functions.values():
        for event in function.queues:
            yield from of_queue(template.queues[event.queue], function)
            if not template.has_alarm(AGE, event.queue):
                yield f"{template.queues[event.queue].logical_id} has no alarm on {AGE} in template.yaml"
            if not event.reports_failures:
                queue = template.queues[event.queue].logical_id
                yield f"{function.logical_id} lacks ReportBatchItemFailures for {queue}: one failed message fails its batch"
    for name in sorted(dead_letter_queues(template)):
        if not template.has_alarm(WAITING, name):
            yield f"{template.queues[name].logical_id} has no alarm on {WAITING} in template.yaml"


def of_queue(queue: Queue, function: Function) -> Iterator[str]:
    """What a queue lacks that feeds `function`."""
    least = HIDDEN_TIMEOUTS * function.timeout
    if queue.visibility_timeout < least:
        yield (
            f"{queue.logical_id} hides a message for less than {HIDDEN_TIMEOUTS} × the timeout of "
            f"{function.name}, {least} s"
        )
    if not queue.dead_letter_queue:
        yield f"{queue.logical_id} has no RedrivePolicy, so a message that always fails is retried for days"
    urls = [value for value in function.environment.values() if value.endswith(f"/{queue.name}")]
    if len(urls) != 1:
        yield f"{function.logical_id} needs one variable with the URL of {queue.logical_id} and has {len(urls)}"


def dead_letter_queues(template: Template) -> set[str]:
    """The queues that receive messages or batches whose retries are exhausted."""
    redriven = {queue.dead_letter_queue for queue in template.queues.values()}
    streams = (stream for function in template.functions.values() for stream in function.streams)
    return {name for name in redriven | {stream.failure_queue for stream in streams} if name}
