"""Every step of a schedule against the PyTorch that is installed."""

import pytest

from graphlang.schedules.linear import linear
from graphlang.schedules.milestones import milestones
from graphlang.schedules.one_cycle import one_cycle
from graphlang.schedules.polynomial import polynomial

torch = pytest.importorskip("torch")
lr = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (milestones(at=[5, 12], gamma=0.3), lambda o: lr.MultiStepLR(o, [5, 12], 0.3)),
        (polynomial(power=2.5), lambda o: lr.PolynomialLR(o, 20, 2.5)),
        (linear(start=0.25, floor=0.75), lambda o: lr.LinearLR(o, 0.25, 0.75, 20)),
        (linear(), lambda o: lr.LinearLR(o, 1.0, 0.0, 20)),
        (one_cycle(), lambda o: lr.OneCycleLR(o, 1.0, 20, cycle_momentum=False)),
        (
            one_cycle(rise=0.45, div=7, final_div=30),
            lambda o: lr.OneCycleLR(o, 1.0, 20, pct_start=0.45, div_factor=7, final_div_factor=30),
        ),
    ],
)
def test_every_factor_is_that_of_the_installed_pytorch(schedule, theirs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    scheduler, expected = theirs(optimizer), []
    for _ in range(20):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert [schedule.multiplier(t, 20) for t in range(1, 21)] == pytest.approx(expected, abs=1e-9)
