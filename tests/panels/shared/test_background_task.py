"""What a job comes to reaches the page by itself, until the job has ended."""

from __future__ import annotations

import asyncio

from epool_viz.panels.shared.background_task import Follower
from epool_viz.panels.shared.handlers import Guard


def followed(answers, *, starts=1):
    """What was looked at and told, with a job that gives these answers; a look beyond the last one is a defect."""
    left, told = list(answers), []

    async def page():
        follower = Follower(lambda: left.pop(0), Guard(told.append), 0.001)
        for _ in range(starts):
            follower.start()
        while not follower._task.done():
            await asyncio.sleep(0.001)

    asyncio.run(page())
    return left, told


def test_a_job_is_followed_to_its_end_and_no_further():
    assert followed([True, True, False, "too far"]) == (["too far"], ["", "", ""])


def test_a_job_is_followed_once_however_often_it_is_begun():
    left, told = followed([True, False, True, True], starts=3)
    assert (left, len(told)) == ([True, True], 2)


def test_a_defect_ends_it_and_is_told(swallowed_exceptions):
    left, told = followed([True])
    assert left == []
    assert "not your doing" in told[-1]
    swallowed_exceptions.clear()


def test_without_a_page_whoever_holds_the_view_looks():
    follower = Follower([True, False].pop, Guard(lambda _: None), 0.001)
    follower.start()
    assert [follower.pump(), follower.pump()] == [False, True]
    follower.stop()
