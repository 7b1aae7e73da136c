"""Schedules against PyTorch's factors (torch 2.13.0, lr = 1, in steps 1, 7, 8 and 20) and hand-made ones."""

import pytest

import graphlang as gl
from graphlang.catalog.finder import family_member, family_names
from graphlang.schedules.constant import constant
from graphlang.schedules.cosine import cosine
from graphlang.schedules.exponential import exponential
from graphlang.schedules.one_cycle import one_cycle
from graphlang.schedules.step import step
from graphlang.schedules.warmup_cosine import warmup_cosine


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (step(every=7, gamma=0.5), [1.0, 1.0, 0.5, 0.25]),
        (exponential(gamma=0.97), [1.0, 0.8329720049289999, 0.8079828447811299, 0.5606127246667496]),
        (cosine(floor=0.1), [1.0, 0.8145033635316129, 0.7542957248827961, 0.10554024673218806]),
    ],
)
def test_the_factors_are_those_of_pytorch(schedule, expected):
    assert [schedule.factor(t, 20) for t in (1, 7, 8, 20)] == pytest.approx(expected, rel=1e-12)


def test_a_constant_rate_stays():
    assert {constant().factor(t, 10) for t in range(1, 11)} == {1.0}


def test_a_warm_up_rises_in_a_line_to_the_full_rate_and_then_falls():
    schedule = warmup_cosine(warmup=4)
    factors = [schedule.factor(t, 10) for t in range(1, 11)]
    assert factors[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert factors[7] == pytest.approx(0.5)  # half of the six steps that are left are done
    assert factors[-1] > 0


def test_a_warm_up_longer_than_the_training_only_rises():
    assert [warmup_cosine(warmup=10).factor(t, 5) for t in (1, 5)] == [0.1, 0.5]


def test_exponential_and_step_meet_where_a_step_begins():
    smooth, stairs = exponential(gamma=0.1, every=5), step(every=5)
    assert [smooth.factor(t, 20) for t in (1, 6, 11)] == pytest.approx(
        [stairs.factor(t, 20) for t in (1, 6, 11)]
    )


@pytest.mark.parametrize("schedule", [cosine(floor=0.2), warmup_cosine(warmup=3, floor=0.2)])
def test_the_floor_is_never_undercut(schedule):
    assert min(schedule.factor(t, 50) for t in range(10, 80)) == pytest.approx(0.2)


@pytest.mark.parametrize("name", family_names("schedules"))
def test_every_schedule_rises_over_its_warm_up_and_then_begins(name):
    attributes = {"step": {"every": 3}, "exponential": {"gamma": 0.9}, "milestones": {"at": [6]}}
    needed = attributes.get(name, {})
    schedule = family_member("schedules", name)(**needed, warmup=4)
    assert [schedule.multiplier(t, 20) for t in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]
    if not schedule.warms_up:
        plain = family_member("schedules", name)(**needed)
        at = [schedule.multiplier(t, 20) for t in range(5, 21)]
        if name == "milestones":  # counts all steps
            assert at == pytest.approx([1, 1] + [0.1] * 14)
        else:
            assert at == [plain.multiplier(t - 4, 16) for t in range(5, 21)]


def test_cosine_with_a_warm_up_is_warmup_cosine():
    ours, old = cosine(warmup=5, floor=0.1), warmup_cosine(warmup=5, floor=0.1)
    assert [ours.multiplier(t, 30) for t in range(1, 31)] == [old.multiplier(t, 30) for t in range(1, 31)]


def test_a_cycle_of_few_steps_ends_in_its_last_one():
    for total in (1, 2, 3):
        assert all(0 < one_cycle().multiplier(t, total) <= 1 for t in range(1, total + 1))


def test_by_position_the_warm_up_comes_last():
    text = (
        "param W: float = 1\nloss = W * W\noutput loss\ntrain {{ minimize = loss; optimizer = SGD(0.1); "
        "batch = 1; iterations = 9; schedule = {} }}"
    )
    section = gl.loads(text.format("step(3, 0.5, 2)")).spec.train
    assert section.schedule.attributes == {"every": 3, "gamma": 0.5, "warmup": 2}
