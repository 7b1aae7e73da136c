"""Section 3 of version 1.1 of the language: data, a test for each of its lines."""

import json
import sys

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.datasets.field_functions import ELEMENTWISE, FOREIGN, FORMS
from graphlang.diagnostics import GraphError
from graphlang.training.column_binding import bind_columns
from graphlang.training.sections import open_data

HOUSES = """id;area;rooms;age;kind;sold;price
a;50,5;2;10;flat;2020-01-31;100
b;80;3;NA;house;2021-02-03;200
c;120,25;4;30;house;2019-12-01;300
d;;5;?;flat;2020-06-15;400
"""
FORM = 'delimiter=";", decimal=",", missing=["", "NA", "?"], test=0'


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")


def load(folder, data, inputs="input x: float[N, 2]", rest="y = x\noutput y"):
    write(folder, "net.graph", f"{inputs}\n{rest}\ndata {{\n{data}\n}}\n")
    return gl.load(folder / "net.graph")


def test_a_csv_may_have_another_delimiter_another_decimal_point_and_cells_that_are_missing(tmp_path):
    """source = csv("houses.csv", delimiter=";", decimal=",", missing=["", "NA", "?"])"""
    write(tmp_path, "houses.csv", HOUSES)
    graph = load(tmp_path, f'source = csv("houses.csv", {FORM})\nx = rooms', "input x: int[N]")
    train = open_data(graph.model).train
    assert train["rooms"].load().tolist() == [2, 3, 4, 5]
    np.testing.assert_array_equal(train["area"].load(), [50.5, 80, 120.25, np.nan])
    np.testing.assert_array_equal(train["age"].load(), [10, np.nan, 30, np.nan])


def test_a_number_with_a_point_is_refused_where_the_decimal_point_is_a_comma(tmp_path):
    write(tmp_path, "houses.csv", "a;t\n1.5;2\n")
    graph = load(tmp_path, f'source = csv("houses.csv", {FORM})\nx = a', "input x: float[N]")
    with pytest.raises(GraphError, match="line 2, column `a` of"):
        open_data(graph.model).train["a"].load()


def test_only_the_columns_that_are_used_are_parsed(tmp_path):
    """An unused text or date column harms nothing."""
    write(tmp_path, "houses.csv", HOUSES)
    rest = "y = x * 1.0\noutput y"
    graph = load(tmp_path, f'source = csv("houses.csv", {FORM})\nx = price', "input x: float[N]", rest)
    assert open_data(graph.model).train["price"].load().tolist() == [100, 200, 300, 400]


TRAIN = """a,kind,y,day,x 1,note
1,cat,2,2020-01-01,1,hello
2,dog,4,2020-01-02,2,a b
3,cat,6,2020-01-03,3,
5,eel,10,2020-01-11,,x
"""
SOURCE = 'source = csv("train.csv", missing=[""], test=0)'


def columns(folder, field, declared):
    write(folder, "train.csv", TRAIN)
    rest = "y = x * 1\noutput y"
    graph = load(folder, f"{SOURCE}\nx = {field}", f"input x: {declared}", rest)
    return graph, open_data(graph.model).train[graph.spec.data.fields["x"]].load()


def test_a_field_may_be_an_expression_over_fields(tmp_path):
    """The right side is an expression over the source's fields, with elementwise functions."""
    _, values = columns(tmp_path, "log(a ** 2) / 10 - minimum(y, 5)", "float[N]")
    a, y = np.array([1, 2, 3, 5]), np.array([2, 4, 6, 10])
    np.testing.assert_allclose(values, np.log(a**2) / 10 - np.minimum(y, 5), rtol=1e-15)


def test_standardize_takes_the_mean_away_and_divides_by_the_deviation(tmp_path):
    graph, values = columns(tmp_path, "standardize([a, y])", "float[N, 2]")
    both = np.array([[1, 2, 3, 5], [2, 4, 6, 10]]).T
    np.testing.assert_allclose(values, (both - both.mean(axis=0)) / both.std(axis=0), rtol=1e-14)
    assert list(graph.model.learned) == ["standardize([a, y])"]


def test_minmax_brings_each_column_to_0_and_1(tmp_path):
    _, values = columns(tmp_path, "minmax(a)", "float[N]")
    np.testing.assert_allclose(values, [0, 0.25, 0.5, 1])


@pytest.mark.parametrize(("way", "filled"), [("mean", 2), ("median", 2), ("-1", -1), ("0.5", 0.5)])
def test_impute_fills_what_is_missing(tmp_path, way, filled):
    _, values = columns(tmp_path, f'impute(field("x 1"), {way})', "float[N]")
    assert values.tolist() == [1, 2, 3, filled]


def test_category_numbers_the_sorted_classes(tmp_path):
    """category(field): text or numbers to 0..C-1, the classes sorted"""
    graph, values = columns(tmp_path, "category(kind)", "int[N]")
    assert values.tolist() == [0, 1, 0, 2]
    assert open_data(graph.model).classes["category(kind)"] == ("cat", "dog", "eel")
    assert columns(tmp_path, "category(y)", "int[N]")[1].tolist() == [0, 1, 2, 3]  # not as texts: 10 < 2


@pytest.mark.parametrize(
    ("cells", "way", "numbers", "names"),
    [
        (["b", "", "a", "b"], '"a"', [1, 0, 0, 1], ("a", "b")),
        (["b", "", "a", "b"], '"none"', [1, 2, 0, 1], ("a", "b", "none")),
        (["b", "", "a", "b"], "mode", [1, 1, 0, 1], ("a", "b")),
        (["b", "", "a", ""], "mode", [1, 0, 0, 0], ("a", "b")),  # the first of the most frequent
        (["10", "", "2", "10"], "mode", [1, 1, 0, 1], ("2.0", "10.0")),
        (["10", "", "2", "10"], "3", [2, 1, 0, 2], ("2.0", "3", "10.0")),
    ],
)
def test_a_missing_class_is_imputed(tmp_path, cells, way, numbers, names):
    write(tmp_path, "k.csv", "\n".join(["kind,n", *(f"{cell},1" for cell in cells), ""]))
    source = 'source = csv("k.csv", missing=[""], test=0)'
    graph = load(tmp_path, f"{source}\nx = category(impute(kind, {way}))", "input x: int[N]")
    data = open_data(graph.model)
    assert data.train[f"category(impute(kind, {way}))"].load().tolist() == numbers
    assert data.classes[f"category(impute(kind, {way}))"] == names
    again = load(tmp_path, f"{source}\nx = category(impute(kind, {way}))", "input x: int[N]")
    again.model.learned.update(json.loads(json.dumps(dict(graph.model.learned))))
    write(tmp_path, "other.csv", f"kind,n\n,1\n{cells[0]},1\n")
    others = open_data(again.model, tmp_path / "other.csv", "predict", undivided=True)
    (rows,) = [s[f"category(impute(kind, {way}))"].load().tolist() for s in others.splits.values()]
    assert rows == [numbers[1], numbers[0]]


def test_a_missing_class_that_nothing_fills_or_that_is_of_another_kind_is_an_error(tmp_path):
    write(tmp_path, "k.csv", "kind,n\na,1\n,2\n")
    source = 'source = csv("k.csv", missing=[""], test=0)'
    for written, told in [
        ("category(kind)", "has no value, line 3"),
        ("category(impute(kind, 3))", "fills with `3`, but the cells of the field are texts"),
        ("category(impute(kind))", "is not how `category` is written"),
    ]:
        with pytest.raises(GraphError, match=told):
            open_data(load(tmp_path, f"{source}\nx = {written}", "input x: int[N]").model)


def test_one_hot_has_a_column_for_each_class(tmp_path):
    _, values = columns(tmp_path, "one_hot(category(kind))", "float[N, C]")
    assert values.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_a_column_may_have_any_name(tmp_path):
    """field("x 1")"""
    _, values = columns(tmp_path, 'impute(field("x 1"), 0) + a', "float[N]")
    assert values.tolist() == [2, 4, 6, 5]


def test_a_date_is_days_as_a_number(tmp_path):
    """date(field) gives days as a number."""
    _, values = columns(tmp_path, "date(day) - 18262", "int[N]")
    assert values.tolist() == [0, 1, 2, 10]


def test_a_missing_number_that_nothing_fills_is_an_error_with_its_line(tmp_path):
    graph, _ = columns(tmp_path, 'standardize([field("x 1"), a])', "float[N, 2]")
    train = open_data(graph.model).train
    with pytest.raises(GraphError, match="line 5"):
        bind_columns(graph.model, train, None, "train.csv")


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("standardise(a)", "GL626"),
        ("impute(a)", "GL626"),
        ("impute(a, mode)", "GL626"),
        ("category(a + 1)", "GL626"),
        ("one_hot(a)", "GL626"),
        ("log(a, y)", "GL626"),
        ("field(a)", "GL626"),
        ("1 + 2", "GL626"),
        ("a @ y", "GL626"),
        ("3", "GL502"),
    ],
)
def test_a_wrong_expression_is_an_error_before_anything_is_read(tmp_path, field, code):
    with pytest.raises(GraphError) as caught:
        load(tmp_path, f"{SOURCE}\nx = {field}", "input x: float[N]")
    assert [(d.code, bool(d.help)) for d in caught.value.diagnostics] == [(code, True)]


@pytest.mark.parametrize("field", ["-" * 99 + "a", "a" + " + a" * 99, "[" * 99 + "a" + "]" * 99])
def test_a_field_has_up_to_a_hundred_operations_within_one_another(tmp_path, field):
    _, found = columns(tmp_path, field, "float[N, 1]" if "[" in field else "float[N]")
    factor = 100 if "+" in field else -1 if "-" in field else 1
    np.testing.assert_array_equal(found.ravel(), factor * np.array([1, 2, 3, 5]))
    with pytest.raises(GraphError) as caught:
        columns(tmp_path, f"{field} + a + a", "float[N]")
    assert [d.code for d in caught.value.diagnostics] == ["GL626"]


def help_of(folder, field):
    with pytest.raises(GraphError) as caught:
        load(folder, f"{SOURCE}\nx = {field}", "input x: float[N]")
    [diagnostic] = caught.value.diagnostics
    return diagnostic.help


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_functions_of_fields_as_other_tools_call_them_are_told_as_they_are_called_here(tmp_path, name):
    assert FOREIGN[name] in {**FORMS, **ELEMENTWISE}
    assert name not in {**FORMS, **ELEMENTWISE}
    assert f"write `{FOREIGN[name]}(" in help_of(tmp_path, f"{name}(a)")


def test_the_help_about_an_unknown_function_of_fields_is_about_what_was_written(tmp_path):
    told = help_of(tmp_path, "Normalize([a, y])")
    assert "`standardize([a, y])` for a mean of 0" in told
    assert "`minmax([a, y])` for 0 to 1" in told
    assert help_of(tmp_path, "ln(a + 1)") == "write `log(a + 1)`"
    assert help_of(tmp_path, "mean(a)").endswith('a column of that name is written `field("mean(a)")`')
    assert 'field("' not in help_of(tmp_path, "foo([a, y])")
    assert help_of(tmp_path, "foo(a)").startswith("there are `standardize`, `minmax`, `impute`,")


KINDS = """
input x: float[N, 2]
input k: int[N]
input t: int[N]
e = Embedding(x=k, vocab=3, dim=2)
y = concat(x, e, axis=1) -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data {
  source = csv("kinds.csv", test=0)
  x = standardize([size, weight])
  k = category(color)
  t = category(kind)
}
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 2 }
"""
KIND_ROWS = ["size,weight,color,kind", "1,10,red,fig", "2,30,blue,pear", "3,20,red,apple", "6,40,green,fig"]


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A folder with a run of a spec whose data is prepared, and a file of other rows."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "kinds.graph", KINDS)
    write(tmp_path, "kinds.csv", "\n".join(KIND_ROWS) + "\n")
    write(tmp_path, "other.csv", "\n".join([KIND_ROWS[0], *KIND_ROWS[3:]]) + "\n")
    assert main(["train", "kinds.graph", "--run", "run"]) == 0
    return tmp_path


def test_what_was_learned_is_kept_with_the_weights_as_json(trained):
    learned = json.loads((trained / "run" / "run.json").read_text())["learned"]
    assert learned["category(color)"] == {"classes": ["blue", "green", "red"]}
    assert learned["standardize([size, weight])"]["less"] == [3, 25]


def test_evaluate_on_other_rows_prepares_them_as_in_training(trained, capsys):
    """A test trains on one file and computes from raw rows of another."""
    graph = gl.load("kinds.graph")
    graph.load_weights("run")
    x = (np.array([[3, 20], [6, 40]]) - [3, 25]) / np.array([[1, 10], [2, 30], [3, 20], [6, 40]]).std(axis=0)
    expected = graph.evaluate(x=x, k=[2, 1], t=[0, 1])["loss"]
    capsys.readouterr()
    assert main("evaluate kinds.graph --weights run --data other.csv --json".split()) == 0
    assert json.loads(capsys.readouterr().out)["loss"] == pytest.approx(expected, rel=1e-6)


def test_weights_that_python_saves_have_what_was_learned_beside_them(trained, capsys):
    graph = gl.load("kinds.graph")
    graph.load_weights("run")
    graph.save("w.npz")
    other = gl.load("kinds.graph")
    other.load_weights("w.npz")
    assert other.model.learned == graph.model.learned
    (trained / "w.data.json").write_text('{"category(color)": {"classes": [1, "a"]}}')
    assert main("evaluate kinds.graph --weights w.npz --data other.csv".split()) == 1
    assert "GL627" in capsys.readouterr().err


def test_weights_without_what_was_learned_do_not_learn_from_other_rows(trained, capsys):
    graph = gl.load("kinds.graph")
    graph.save("w.npz")
    assert main("evaluate kinds.graph --weights w.npz --data other.csv".split()) == 1
    assert "is not kept with these weights" in capsys.readouterr().err


def test_a_class_that_training_never_saw_is_an_error_that_names_it(trained, capsys):
    write(trained, "other.csv", "size,weight,color,kind\n1,2,red,fig\n1,2,pink,fig\n")
    assert main("evaluate kinds.graph --weights run --data other.csv".split()) == 1
    error = capsys.readouterr().err
    assert "`pink`, line 3, is no class of `color`" in error
    assert "unknown=-1`, a row of zeros in `one_hot`" in error


def test_unknown_classes_may_have_a_number(trained, capsys):
    write(trained, "kinds.graph", KINDS.replace("category(color)", "category(color, unknown=0)"))
    assert main("train kinds.graph --run second".split()) == 0
    write(trained, "other.csv", "size,weight,color,kind\n1,2,red,fig\n1,2,pink,fig\n")
    assert main("evaluate kinds.graph --weights second --data other.csv".split()) == 0


NUMBERS = "n,role\n" + "".join(f"{i},{'validation' if i % 4 == 0 else 'train'}\n" for i in range(20))
ONE = "input x: float[N]\nparam w = 0\nloss = mean((w * 3 - x) ** 2)\n"
SETTINGS = "train { minimize = loss; optimizer = SGD(lr=0.01); batch = 4; epochs = 2 }\n"


def divided(folder, settings):
    write(folder, "n.csv", NUMBERS)
    write(folder, "m.csv", "n\n100\n101\n")
    write(folder, "n.graph", f'{ONE}data {{ source = csv("n.csv")\n{settings}\nx = n }}\n{SETTINGS}')
    graph = gl.load(folder / "n.graph")
    splits = open_data(graph.model).splits
    return {name: columns["n"].load().tolist() for name, columns in splits.items()}


def test_validation_may_be_a_share(tmp_path):
    """validation = 0.1 # a share"""
    parts = divided(tmp_path, "validation = 0.1; test = 0.2")
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 14, "validation": 2, "test": 4}
    assert sorted(n for rows in parts.values() for n in rows) == list(range(20))
    assert divided(tmp_path, "validation = 0.1; test = 0.2") == parts


def test_validation_may_be_a_field_of_splits(tmp_path):
    """validation = ... or a field of splits in the source"""
    parts = divided(tmp_path, "validation = role")
    assert parts["validation"] == [0, 4, 8, 12, 16]
    assert len(parts["train"]) == 15
    assert "test" not in parts


def test_a_cell_that_names_no_split_is_an_error(tmp_path):
    with pytest.raises(GraphError, match="`0`, line 2, is no split"):
        divided(tmp_path, "validation = n")


def test_validation_and_test_may_be_sources(tmp_path):
    """validation = ... or a second source; test = csv("houses_test.csv")"""
    parts = divided(tmp_path, 'validation = 0.25; test = csv("m.csv")')
    assert parts["test"] == [100, 101]
    assert len(parts["validation"]) == 5
    assert len(parts["train"]) == 15
    assert divided(tmp_path, 'validation = csv("m.csv")')["validation"] == [100, 101]


def test_test_may_be_a_share(tmp_path):
    assert len(divided(tmp_path, "test = 0.25")["test"]) == 5


def test_a_share_of_0_is_no_split(tmp_path):
    parts = divided(tmp_path, "validation = 0; test = 0")
    assert list(parts) == ["train"]
    assert len(parts["train"]) == 20


@pytest.mark.parametrize("value", ["1", "1.5", '["a"]', "-0.1"])
def test_a_validation_of_another_kind_is_an_error(tmp_path, value):
    with pytest.raises(GraphError) as caught:
        divided(tmp_path, f"validation = {value}")
    assert [d.code for d in caught.value.diagnostics] == ["GL628"]


def test_preparing_learns_from_the_training_split_alone(tmp_path):
    write(tmp_path, "n.csv", NUMBERS)
    rest = f"{ONE.split(chr(10), 1)[1]}{SETTINGS}"
    graph = load(tmp_path, 'source = csv("n.csv")\nvalidation = role\nx = standardize(n)', ONE[:17], rest)
    train = [i for i in range(20) if i % 4]
    open_data(graph.model)
    assert graph.model.learned["standardize(n)"]["less"] == [pytest.approx(np.mean(train))]


def test_the_record_has_the_validation_split(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    divided(tmp_path, "validation = 0.25")
    assert main("train n.graph --run run --json".split()) == 0
    epochs = json.loads(capsys.readouterr().out)["epochs"]
    graph = gl.load("n.graph")
    graph.load_weights("run")
    assert main("evaluate n.graph --weights run --split validation --json".split()) == 0
    loss = json.loads(capsys.readouterr().out)["loss"]
    assert epochs[-1]["validation"] == {"loss": pytest.approx(loss)}
    assert main("train n.graph --resume run --set train.epochs=3".split()) == 0
    assert ", validation " in capsys.readouterr().err


def test_summary_shows_what_was_learned(trained, capsys):
    assert main("summary kinds.graph --weights run".split()) == 0
    out = capsys.readouterr().out
    assert "classes: blue, green, red" in out
    assert "less: 3, 25" in out
    assert main("summary kinds.graph --weights run --json".split()) == 0
    assert "category(kind)" in json.loads(capsys.readouterr().out)["prepared"]
    assert main("summary kinds.graph".split()) == 0
    assert "category(kind)" in capsys.readouterr().out


def test_a_batch_may_be_left_out_for_all_rows(trained, capsys):
    """`batch` may be left out: all rows."""
    write(trained, "kinds.graph", KINDS.replace("batch = 2; ", ""))
    assert main("train kinds.graph --run all --json".split()) == 0
    assert json.loads(capsys.readouterr().out)["iterations"] == 2
    assert main("explain-plan kinds.graph".split()) == 0
    assert main("train kinds.graph --run two --set train.batch=2 --json".split()) == 0


def test_all_rows_keep_their_order_and_batches_do_not(tmp_path):
    """A series can be cut into windows where `batch` is left out."""
    spec = """
        input series: float[T]
        windows = series[arange(T - 3)[:, none] + arange(3)[none]]
        y = windows -> Affine(1, init=zeros)
        loss = mean((y[:, 0] - series[3:])**2 + diff(series)[2:]**2)
        data { source = csv("a.csv", test=0); series = value }
        train { minimize = loss; optimizer = SGD(lr=1e-12); epochs = 2 }
    """
    write(tmp_path, "a.csv", "value\n" + "\n".join(map(str, range(20))))
    in_order = np.mean(np.arange(3, 20) ** 2 + 1)
    losses = gl.loads(spec, folder=tmp_path).fit().losses
    np.testing.assert_allclose(losses, [in_order, in_order], rtol=1e-6)
    drawn = gl.loads(spec, folder=tmp_path, set={"train.batch": 20}).fit().losses
    assert len({round(float(loss), 3) for loss in (*drawn, in_order)}) == 3


def test_json_lines_is_a_table(tmp_path):
    """json_lines(path)"""
    lines = ['{"a": 1, "k": "x", "b": true}', "", '{"k": "y", "a": 2.5}', '{"a": null, "b": false, "z": ""}']
    write(tmp_path, "a.jsonl", "\n".join(lines))
    data = 'source = json_lines("a.jsonl", test=0)\nx = impute([a, b], 9)'
    train = open_data(load(tmp_path, data).model).train
    assert train["impute([a, b], 9)"].load().tolist() == [[1, 1], [2.5, 9], [9, 0]]
    assert train["k"].texts() == ["x", "y", ""]
    assert train["a"].lines.tolist() == [1, 3, 4]


@pytest.mark.parametrize(
    ("line", "said"), [("{1}", "line 2"), ("[1]", "is not an object"), ('{"a": [1]}', "`a` is a list")]
)
def test_a_line_that_is_no_object_of_values_is_an_error(tmp_path, line, said):
    write(tmp_path, "a.jsonl", '{"a": 1}\n' + line)
    graph = load(tmp_path, 'source = json_lines("a.jsonl", test=0)\nx = a', "input x: float[N]")
    with pytest.raises(GraphError, match=said) as caught:
        open_data(graph.model)
    assert [(d.code, d.line) for d in caught.value.diagnostics] == [("GL629", 2)]


def test_a_text_may_have_a_vocabulary(tmp_path):
    """text(path, window, vocabulary=...); unknown characters are an error that names them."""
    write(tmp_path, "a.txt", "banana")
    data = 'source = text("a.txt", window=3, test=0, vocabulary="nab"); x = x'
    graph = load(tmp_path, data, "input x: int[N, 3]", "y = x * 1\noutput y")
    dataset = open_data(graph.model)
    assert dataset.train["x"].load().tolist() == [[2, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert dataset.vocab == ("n", "a", "b")
    write(tmp_path, "a.txt", "bandana?")
    with pytest.raises(GraphError, match=r"has 2 characters .*: `[?]d`"):
        open_data(graph.model)


def images(folder, **kinds):
    image = pytest.importorskip("PIL.Image")
    for kind, names in kinds.items():
        (folder / "images" / kind).mkdir(parents=True, exist_ok=True)
        for i, name in enumerate(names):
            shade = np.full((6, 4, 3), [10 * i, 100, 200], np.uint8)
            image.fromarray(shade).save(folder / "images" / kind / name)


FOLDER = 'source = folder("images/", size=[3, 2], test=0, {more}); x = x'


def test_folder_reads_images_of_a_subfolder_for_each_class(tmp_path):
    """folder("images/", size=[32, 32]) (a subfolder per class; PNG, PPM and JPEG by Pillow)"""
    images(tmp_path, dog=["1.png", "2.ppm"], cat=["a.png", "b.jpg"])
    (tmp_path / "images" / "cat" / "notes.txt").write_text("no image")
    data = FOLDER.format(more="normalize=true")
    graph = load(tmp_path, data, "input x: float[N, 3, 3, 2]")
    dataset = open_data(graph.model)
    assert dataset.classes["t"] == ("cat", "dog")
    assert dataset.train["t"].load().tolist() == [0, 0, 1, 1]
    x = dataset.train["x"].take(slice(None))
    assert x.shape == (4, 3, 3, 2)
    np.testing.assert_allclose(x[0, :, 0, 0], [0, 100 / 255, 200 / 255])
    np.testing.assert_allclose(x[3, :, 2, 1], [10 / 255, 100 / 255, 200 / 255])
    np.testing.assert_allclose(x[1, :, 2, 1], [10 / 255, 100 / 255, 200 / 255], atol=0.02)
    grey = load(tmp_path, FOLDER.format(more="channels=1, flatten=true"), "input x: float[N, 6]")
    assert open_data(grey.model).train["x"].load().shape == (4, 6)


def test_a_damaged_image_is_an_error_that_names_it(tmp_path):
    images(tmp_path, dog=["1.png"])
    whole = (tmp_path / "images" / "dog" / "1.png").read_bytes()
    for content in (b"GIF89a", whole[:40], b""):
        (tmp_path / "images" / "dog" / "1.png").write_bytes(content)
        graph = load(tmp_path, FOLDER.format(more=""), "input x: float[N, 3, 3, 2]")
        with pytest.raises(GraphError, match=r"`dog/1.png` cannot be read as an image") as caught:
            open_data(graph.model).train["x"].load()
        assert [d.code for d in caught.value.diagnostics] == ["GL631"]


def test_a_folder_without_images_or_outside_is_an_error(tmp_path):
    (tmp_path / "images" / "a").mkdir(parents=True)
    (tmp_path / "images" / "b.png").write_bytes(b"")
    graph = load(tmp_path, FOLDER.format(more=""), "input x: float[N, 3, 3, 2]")
    with pytest.raises(GraphError, match="none of its subfolders has a PNG"):
        open_data(graph.model)
    with pytest.raises(GraphError, match="leads out"):
        load(tmp_path, 'source = folder("../images", size=[3, 2]); x = x', "input x: float[N, 3, 3, 2]")


def test_without_pillow_a_folder_says_what_to_install(tmp_path, monkeypatch):
    images(tmp_path, dog=["1.png"])
    monkeypatch.setitem(sys.modules, "PIL", None)
    graph = load(tmp_path, FOLDER.format(more=""), "input x: float[N, 3, 3, 2]")
    with pytest.raises(GraphError, match="needs the package `pillow`"):
        open_data(graph.model).train["x"].load()


BALANCED = """
input t: int[N]
param w = 0
loss = mean((w - t) ** 2)
data { source = csv("t.csv", test=0); t = t; sample = balanced(t) }
train { minimize = loss; optimizer = SGD(lr=0.5); epochs = 1; seed = 3 }
"""


def test_classes_are_balanced_by_sampling(tmp_path, monkeypatch, capsys):
    """Class imbalance: `sample = balanced(t)`."""
    write(tmp_path, "t.csv", "t\n" + "0\n" * 990 + "1\n" * 10)
    write(tmp_path, "t.graph", BALANCED)
    monkeypatch.chdir(tmp_path)
    graph = gl.load("t.graph")
    graph.fit()  # one step of half the way takes w to the mean of the labels that were drawn
    assert 0.4 < graph.params["w"] < 0.6
    assert main("train t.graph --run run --set train.epochs=2".split()) == 0
    write(tmp_path, "t.graph", BALANCED.replace("; sample = balanced(t)", ""))
    capsys.readouterr()
    assert main("train t.graph --resume run --set train.epochs=3".split()) == 1
    assert "GL727" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["balanced(loss)", "balanced(q)", "t", "balanced(t, t)", "0.5"])
def test_a_sample_of_another_kind_is_an_error(tmp_path, value):
    with pytest.raises(GraphError) as caught:
        gl.loads(BALANCED.replace("balanced(t)", value), folder=tmp_path)
    assert [d.code for d in caught.value.diagnostics] == ["GL628"]


def test_a_column_called_x_is_one_column_in_lists_and_where_its_cells_are_numbered(tmp_path):
    """standardize([x, y]), category(x), date(x)"""
    write(tmp_path, "houses.csv", "x,y\n1,5\n2,6\n1,9\n")
    inputs = "input a: float[N, 2], b: int[N], c: float[N, 3]"
    fields = "a = [x, 2 * x]\nb = category(x)\nc = [one_hot(category(x)), y]"
    graph = load(tmp_path, f'source = csv("houses.csv", test=0)\n{fields}', inputs, "y = a\noutput y")
    train = open_data(graph.model).train
    assert train["[x, 2 * x]"].load().tolist() == [[1, 2], [2, 4], [1, 2]]
    assert train["category(x)"].load().tolist() == [0, 1, 0]
    assert train["[one_hot(category(x)), y]"].load().tolist() == [[1, 0, 5], [0, 1, 6], [1, 0, 9]]


def test_a_table_with_tabs_and_a_target_of_any_name_is_read(tmp_path):
    r"""delimiter="\t", target="~a:b" are no paths."""
    write(tmp_path, "houses.csv", "size\t~a:b\n1\t2\n3\t5\n")
    data = r'source = csv("houses.csv", delimiter="\t", target="~a:b", test=0)' + "\nx = t"
    graph = load(tmp_path, data, "input x: int[N]", "y = x * 1.0\noutput y")
    assert open_data(graph.model).train["t"].load().tolist() == [2, 5]
