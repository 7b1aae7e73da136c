"""A setting that stands where another one belongs is told its place: a member's argument, or a line of a section."""

from __future__ import annotations

import pytest

from graphlang.resolve.section_models import MODELS, written_settings
from graphlang.resolve.setting_places import FAMILIES
from tests.helpers import mistakes

SPEC = """
input x: float[N, 1], t: float[N, 1]
y = x -> Affine(1)
loss = MeanSquaredError(y, t)
data {{ source = {source}; x = [age]; t = [price]{data} }}
train {{ minimize = loss; optimizer = {optimizer}{train} }}
"""
RIGHT = {"source": 'csv("a.csv")', "data": "", "optimizer": "SGD(lr=0.1)", "train": "; epochs = 1"}


def helps(**parts: str) -> list[str]:
    return [str(d.help) for d in mistakes(SPEC.format(**{**RIGHT, **parts}))]


@pytest.mark.parametrize(
    ("parts", "help"),
    [
        (
            {"source": 'npz("a.npz", test=0.2)'},
            "it is a setting of `data`: write `test = 0.2` as a line in it",
        ),
        ({"source": 'csv("a.csv", validation=0.2)'}, "write `validation = 0.2` as a line in it"),
        ({"source": 'csv("a.csv", x=age)'}, "it is a setting of `data`: write `x = age` as a line in it"),
        (
            {"source": 'csv("a.csv", epochs=3)'},
            "it is a setting of `train`: write `epochs = 3` as a line in it",
        ),
        (
            {"optimizer": "SGD(lr=0.1, batch=5)"},
            "it is a setting of `train`: write `batch = 5` as a line in it",
        ),
        (
            {"data": '; missing = [""]'},
            '`missing` belongs to the source: `source = csv("a.csv", missing=[""])`',
        ),
        ({"data": "; seed = 3"}, '`seed` belongs to the source: `source = csv("a.csv", seed=3)`'),
        ({"data": "; epochs = 3"}, "it is a setting of `train`: write `epochs = 3` as a line in it"),
        ({"data": "; batch_size = 3"}, "it is a setting of `train`: write `batch = 3` as a line in it"),
        ({"train": "; epochs = 1; validation = 0.2"}, "write `validation = 0.2` as a line in it"),
        (
            {"train": "; epochs = 1; schedule = cosine; warmup = 5"},
            "`warmup` belongs to the schedule: `schedule = cosine(warmup=5)`",
        ),
    ],
)
def test_the_help_names_the_place(parts: dict[str, str], help: str) -> None:
    assert [text for text in helps(**parts) if help in text]


@pytest.mark.parametrize("section", ["data", "train"])
def test_every_setting_given_to_a_member_is_told_its_section(section: str) -> None:
    member = {"data": ("source", 'npz("a.npz"{})'), "train": ("optimizer", "SGD(lr=0.1{})")}[section]
    for name in set(written_settings(section)) - FAMILIES[section].keys() - {"minimize"}:
        text = SPEC.format(**{**RIGHT, member[0]: member[1].format(f", {name}=1")})
        told = [d for d in mistakes(text) if d.code == "GL401"]
        assert f"it is a setting of `{section}`: write `{name} = 1`" in str(told[0].help), name
    assert section in MODELS


def test_a_misspelt_attribute_is_still_told_the_right_one() -> None:
    assert "did you mean `test`?" in helps(source='csv("a.csv", tset=0.2)')
    assert "did you mean `epochs`?" in helps(train="; epocs = 1")
