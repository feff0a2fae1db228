"""Tasks of a Celery application whose broker and results are the server under test, and what runs them.

    celery_tasks.py worker <url>     a worker with two threads
    celery_tasks.py run <url> <n>    sends n tasks and more, waits for their results, checks them
"""

import sys
import time

from celery import Celery, chain, chord, group
from celery.exceptions import TimeoutError as CeleryTimeout
import redis

URL = sys.argv[2]
app = Celery("tasks", broker=URL, backend=URL)
app.conf.broker_connection_retry_on_startup = True
app.conf.task_acks_late = True
app.conf.result_expires = 600


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=3, default_retry_delay=0.1)
def stubborn(self):
    if self.request.retries < 2:
        raise self.retry()
    return self.request.retries


@app.task
def broken():
    raise ValueError("broken on purpose")


def run(count):
    results = group(add.s(i, i) for i in range(count))().get(timeout=120)
    assert results == [2 * i for i in range(count)], results
    print(f"{count} tasks with results")

    assert chord(add.s(i, 1) for i in range(50))(total.s()).get(timeout=60) == sum(range(51))
    print("a chord")

    assert chain(add.s(1, 2), add.s(3), add.s(4))().get(timeout=60) == 10
    print("a chain")

    assert stubborn.delay().get(timeout=60) == 2
    print("retries")

    failed = broken.delay()
    try:
        failed.get(timeout=60)
        raise AssertionError("it did not fail")
    except ValueError as error:
        assert str(error) == "broken on purpose"
    print("a failure is told")

    late = add.apply_async((1, 1), countdown=0.5)
    assert late.get(timeout=60) == 2
    revoked = add.apply_async((2, 2), countdown=30)
    revoked.revoke()
    try:
        revoked.get(timeout=0.5)
        raise AssertionError("it ran although it was revoked")
    except CeleryTimeout:
        pass
    print("a countdown, and a revocation")


def locks():
    """redis-py's own locks, which are scripts."""
    client = redis.Redis.from_url(URL)
    first = client.lock("lock", timeout=5)
    assert first.acquire()
    assert not client.lock("lock", timeout=5, blocking=False).acquire()
    assert first.owned() and first.locked()
    first.extend(5)
    assert 5000 < client.pttl("lock") <= 10000
    first.reacquire()
    assert client.pttl("lock") <= 5000
    first.release()
    assert not first.locked()
    try:
        first.release()
        raise AssertionError("released twice")
    except redis.exceptions.LockError:
        pass
    brief = client.lock("lock", timeout=0.2)
    assert brief.acquire()
    time.sleep(0.3)
    assert not brief.owned()
    with client.lock("lock", timeout=5):
        assert client.exists("lock")
    assert not client.exists("lock")
    print("locks")


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        app.worker_main(["worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING"])
    else:
        run(int(sys.argv[3]))
        locks()
