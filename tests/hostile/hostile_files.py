"""Hostile files: each case builds its files in an empty folder and says which command meets them, and how."""

from __future__ import annotations

import gzip
import json
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raw_archives import WIDE, Member, archive, bomb, npy, zeros

NET = "input x: float[N, 3]\ny = x -> Affine(2)\noutput y\n"
ONE = "input x: float[N] = [1, 2]\ny = 2 * x\noutput y\n"
TRAINED = """\
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = SOURCE; x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }
"""
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Case:
    """One hostile file: how it is made, what is called, and what must be said."""

    name: str
    build: Callable[[Path], object]
    words: tuple[str, ...]
    code: str
    part: str


CASES: dict[str, Case] = {}


def case(name: str, words: str, code: str, part: str, build: Callable[[Path], object]) -> None:
    assert name not in CASES, name
    CASES[name] = Case(name, build, tuple(words.split()), code, part)


def file(name: str, content: bytes | str) -> Callable[[Path], object]:
    """Builds one file."""
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def several(*builders: Callable[[Path], object]) -> Callable[[Path], object]:
    def build(folder: Path) -> None:
        for each in builders:
            each(folder)

    return build


def pipe(name: str) -> Callable[[Path], object]:
    return lambda folder: os.mkfifo(folder / name)


def link(name: str, target: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).symlink_to(target)


def folder_of(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).mkdir()


def sparse(name: str, size: int) -> Callable[[Path], object]:
    """A file of so many zeros, which takes no room on the disk."""

    def build(folder: Path) -> None:
        with (folder / name).open("wb") as stream:
            stream.truncate(size)

    return build


def socket_named(name: str) -> Callable[[Path], object]:
    def build(folder: Path) -> None:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket has room for some hundred bytes
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(name)
        os.chdir(here)

    return build


NET_FILE, ONE_FILE = file("net.graph", NET), file("one.graph", ONE)
RUN_WEIGHTS = "predict net.graph --weights w"
RUN_INPUTS = "run one.graph --inputs i"
RUN_SET = "run one.graph --set x=@a"


def data(source: str, *builders: Callable[[Path], object], spec: str = TRAINED) -> Callable[[Path], object]:
    """A spec with this source, and its files."""
    return several(file("net.graph", spec.replace("SOURCE", source)), *builders)


def importing(path: str, *builders: Callable[[Path], object]) -> Callable[[Path], object]:
    return several(file("net.graph", f"import {json.dumps(path)} as part\ninput x = 1\ny = x\n"), *builders)


TRAIN = "train net.graph"

# ---- what is no regular file ------------------------------------------------------------------------------

NPZ, CSV, TEXT = 'npz("d")', 'csv("d", target=t)', 'text("d", window=2)'
IDX = 'idx("d", "l")'

for what, made in {"a pipe": pipe, "a socket": socket_named, "a folder": folder_of}.items():
    kind = what.rpartition(" ")[2]
    refused = {"a pipe": "it is a pipe", "a socket": "it is a socket", "a folder": "folder"}[what]
    if kind != "folder":  # of a folder, all specs below it are run
        case(f"{what} as a spec", "run net.graph", "GL713", refused, made("net.graph"))
    case(f"{what} as an import", "run net.graph", "GL210", refused, importing("p.graph", made("p.graph")))
    case(f"{what} as weights", RUN_WEIGHTS, "GL709", "this folder holds no weights" if kind == "folder" else refused,
         several(NET_FILE, made("w")))  # fmt: skip
    case(f"{what} as inputs", RUN_INPUTS, "GL713", refused, several(ONE_FILE, made("i")))
    case(f"{what} as an array", RUN_SET, "GL713", refused, several(ONE_FILE, made("a")))
    for source in (NPZ, CSV, TEXT, IDX):
        case(f"{what} as {source}", TRAIN, "GL603", "not a regular file", data(source, made("d")))

case("a pipe as other data", "train net.graph --data d.csv", "GL603", "", data(NPZ, pipe("d.csv")))
case("a pipe as a checkpoint", "train net.graph --resume r", "GL709", "it is a pipe",
     data(NPZ, file("d", archive([Member("x.npy", npy("(2, 2)", bytes(32))), Member("t.npy", npy("(2,)", bytes(16), descr="'<i8'"))])),
          folder_of("r"), pipe("r/checkpoint.npz")))  # fmt: skip
case("a pipe as run.json", "train net.graph --resume r", "GL721", "",
     data(NPZ, folder_of("r"), pipe("r/run.json")))  # fmt: skip

for name, target in {"zero": "/dev/zero", "a terminal": "/dev/tty", "random": "/dev/urandom"}.items():
    case(f"a link to {name} as a spec", "run net.graph", "GL713", "it is a device", link("net.graph", target))
    case(f"a link to {name} as an import", "run net.graph", "GL210", "outside",
         importing("p.graph", link("p.graph", target)))  # fmt: skip
    case(f"a link to {name} as weights", RUN_WEIGHTS, "GL709", "it is a device",
         several(NET_FILE, link("w", target)))  # fmt: skip
    case(f"a link to {name} as inputs", RUN_INPUTS, "GL713", "it is a device",
         several(ONE_FILE, link("i", target)))  # fmt: skip
    case(f"a link to {name} as an array", RUN_SET, "GL713", "it is a device",
         several(ONE_FILE, link("a", target)))  # fmt: skip
    case(f"a link to {name} as data", TRAIN, "GL601", "leads out", data(NPZ, link("d", target)))
    case(f"a link to {name} as other data", "train net.graph --data d.csv", "GL603", "",
         data(NPZ, link("d.csv", target)))  # fmt: skip

# ---- links and paths --------------------------------------------------------------------------------------

case("a loop of links as a spec", "run net.graph", "GL713", "", link("net.graph", "net.graph"))
case(
    "a loop of links as an import",
    "run net.graph",
    "GL210",
    "",
    importing("p.graph", link("p.graph", "p.graph")),
)
case("a loop of links as weights", RUN_WEIGHTS, "GL709", "", several(NET_FILE, link("w", "w")))
case("a loop of links as inputs", RUN_INPUTS, "GL713", "", several(ONE_FILE, link("i", "i")))
case("a loop of links as data", TRAIN, "GL603", "", data(NPZ, link("d", "d")))
case("a link out as an import", "run net.graph", "GL210", "outside",
     importing("p.graph", link("p.graph", "/etc/hostname")))  # fmt: skip
case("a folder that leads out as an import", "run net.graph", "GL210", "outside",
     importing("up/p.graph", link("up", "..")))  # fmt: skip
for source in (NPZ, CSV, TEXT, IDX):
    case(f"a link out as {source}", TRAIN, "GL601", "leads out", data(source, link("d", "/etc/hostname")))
for path in (
    "../p.graph",
    "/p.graph",
    "~/p.graph",
    "file:///p.graph",
    "s/../p.graph",
    "/dev/stdin",
    "C:\\p.graph",
):
    case(f"the import {path}", "run net.graph", "GL210", "below the folder", importing(path))
for path in ("../d", "/dev/zero", "~/d", "http://localhost/d", "s/../../d", "/proc/self/environ"):
    case(f"the data {path}", TRAIN, "GL601", "", data(f'npz("{path}")'))
case("a file of the system that announces no size", RUN_INPUTS, "GL713", "changed while it was read",
     several(ONE_FILE, link("i", "/proc/self/status")))  # fmt: skip

# ---- large files, refused unread --------------------------------------------------------------------------

case("a spec of 3 GiB", "run net.graph", "GL801", "3,221,225,472", sparse("net.graph", 3 * GIBIBYTE))
case(
    "an import of 3 GiB",
    "run net.graph",
    "GL801",
    "3,221,225,472",
    importing("p.graph", sparse("p.graph", 3 * GIBIBYTE)),
)
case("inputs of 3 GiB", RUN_INPUTS, "GL720", "3,221,225,472", several(ONE_FILE, sparse("i", 3 * GIBIBYTE)))
case("weights of 3 GiB", RUN_WEIGHTS, "GL709", "neither", several(NET_FILE, sparse("w", 3 * GIBIBYTE)))
case("an array of 3 GiB", RUN_SET, "GL720", "does not start", several(ONE_FILE, sparse("a", 3 * GIBIBYTE)))
case("a table of 3 GiB", TRAIN, "GL606", "3,221,225,472", data(CSV, sparse("d", 3 * GIBIBYTE)))
case("a text of 3 GiB", TRAIN, "GL606", "3,221,225,472", data(TEXT, sparse("d", 3 * GIBIBYTE)))
case(
    "run.json of 3 GiB",
    "train net.graph --resume r",
    "GL721",
    "",
    data(NPZ, folder_of("r"), sparse("r/run.json", 3 * GIBIBYTE)),
)
case(
    "a table of 200 million cells",
    TRAIN,
    "GL606",
    "209,715,200 cells",
    data(CSV, lambda folder: (folder / "d").write_bytes(b"," * (200 * 2**20))),
)
case("IDX of 3 GiB", TRAIN, "GL604", "not an IDX file", data(IDX, sparse("d", 3 * GIBIBYTE)))

# ---- archives that lie ------------------------------------------------------------------------------------

GOOD = npy()
ARCHIVES: dict[str, tuple[bytes, str]] = {
    "bytes in front of the members": (archive([Member("x.npy", GOOD)], before=b"MZ" + bytes(98)), ""),
    "bytes before the directory": (archive([Member("x.npy", GOOD)], between=bytes(9)), "something between"),
    "bytes behind the end": (archive([Member("x.npy", GOOD)], after=b"more"), "something follows its end"),
    "half of it": (archive([Member("x.npy", GOOD)])[:120], "cut off"),
    "only its start": (b"PK\3\4", "cut off"),
    "one name twice": (archive([Member("x.npy", GOOD), Member("x.npy", GOOD)]), "`x.npy` twice"),
    "a name that leads up": (archive([Member("../x.npy", GOOD)]), "is a path"),
    "an absolute name": (archive([Member("/etc/x.npy", GOOD)]), "is a path"),
    "a name of Windows": (archive([Member("C:\\x.npy", GOOD)]), "is a path"),
    "a name with a null character": (archive([Member(b"x\0.npy", GOOD)]), "is a path"),
    "members that share their bytes": (
        archive([Member("x.npy", GOOD), Member("y.npy", GOOD, offset=0, local_name=b"x.npy")]), "overlap"),
    "a member in the directory": (archive([Member("x.npy", GOOD, offset=200)]), ""),
    "a member beyond the end": (archive([Member("x.npy", GOOD, offset=2**31)]), ""),
    "more entries than announced": (archive([Member("x.npy", GOOD), Member("y.npy", GOOD)], count=1), "announces 1 members"),
    "fewer entries than announced": (archive([Member("x.npy", GOOD)], count=9), "announces 9 members"),
    "a directory that is elsewhere": (archive([Member("x.npy", GOOD)], start=0), "not where it should be"),
    "sizes of 64 bits that are not there": (archive([Member("x.npy", GOOD, size=WIDE)]), "directory is damaged"),
    "sizes of 64 bits that lie": (
        archive([Member("x.npy", GOOD, size=WIDE, extra=struct.pack("<2HQ", 1, 8, 2**60))]), "1,152,921,504,606,846,976"),
    "an extra field that is cut off": (
        archive([Member("x.npy", GOOD, size=WIDE, extra=struct.pack("<2H", 1, 99))]), "directory is damaged"),
    "a wide directory of 2**60 entries": (
        archive([Member("x.npy", GOOD)], wide=[2**60, 2**60, 51, 187]), "65,535"),
    "a wide directory of 2**60 bytes": (archive([Member("x.npy", GOOD)], wide=[1, 1, 2**60, 0]), ""),
    "two parts": (archive([Member("x.npy", GOOD)])[:-18] + b"\1\0" + archive([Member("x.npy", GOOD)])[-16:], ""),
    "an encrypted member": (archive([Member("x.npy", GOOD, flags=1)]), "encrypted"),
    "another compression": (archive([Member("x.npy", GOOD, method=14)]), "compressed in a way"),
    "another name in front of the bytes": (archive([Member("x.npy", GOOD, local_name=b"y.npy")]), "does not agree"),
    "a wrong checksum": (archive([Member("x.npy", GOOD, crc=1)]), "bad CRC-32"),
    "packed bytes that are no deflate": (
        archive([Member("x.npy", GOOD, 8, packed=b"\xff" * 200)]), ""),
    "packed bytes that end early": (
        archive([Member("x.npy", GOOD, 8, packed=archive([Member("x", GOOD, 8)])[31:60])]), ""),
    "packed bytes that go on": (
        archive([Member("x.npy", GOOD, 8, packed=zeros(1), size=len(GOOD))]), ""),
    "a member that is no array": (archive([Member("x.npy", GOOD), Member("run.sh", b"rm")]), "`run.sh` is no array"),
    "70,000 members": (archive([Member(f"{n}.npy", b"") for n in range(70_000)], count=70_000 % 2**16), ""),
    "a stored size that lies": (archive([Member("x.npy", GOOD, size=2**31)]), ""),
    "a bomb of 1.8 GB": (bomb("x", 1800), "it would become 1,887,436,800 bytes"),
    "a bomb beyond deflate": (
        archive([Member("x.npy", npy("(33554416,)", b""), 8, size=2**28)]), ""),
}  # fmt: skip

HEADERS: dict[str, tuple[bytes, str]] = {
    "a shape of truth values": (npy("(True, 3)"), "damaged"),
    "a negative shape": (npy("(-1, 3)"), "negative shape"),
    "a shape of a quintillion": (npy(f"({10**17},)"), "more than the limit"),
    "a shape beyond 64 bits": (npy(f"({2**64},)"), "impossible shape"),
    "a product beyond 64 bits": (npy(f"({2**40}, {2**40})"), "more than the limit"),
    "an empty shape of huge sizes": (npy(f"(0, {2**40}, {2**40})", b""), "more than the limit"),
    "forty axes": (npy(f"({'1, ' * 40})"), "impossible shape"),
    "a shape that is a list": (npy("[3]"), "damaged"),
    "a shape that is an expression": (npy("(3*1,)"), "damaged"),
    "a shape that is code": (npy("__import__('os').abort()"), "damaged"),
    "a shape that is nested": (npy("((((3,),),),)"), "damaged"),
    "a header of brackets": (npy(header="(" * 60_000, data=b""), "damaged"),
    "a header without a type": (npy(header="{'fortran_order': False, 'shape': (3,), }"), "damaged"),
    "a header with two shapes": (
        npy(header="{'descr': '<f8', 'shape': (9,), 'fortran_order': False, 'shape': (3,), }"), "damaged"),
    "an order that is a word": (npy(order="'maybe'"), "damaged"),
    "a header of 4 GB": (npy(version=2, length=2**32 - 1), "announces 4,294,967,295 bytes"),
    "a header beyond the end": (npy(length=60_000), ""),
    "version 9": (npy(version=9), "version 9.0"),
    "objects": (npy(descr="'|O'", data=b"cos\nsystem\n(S'true'\ntR."), "not numbers"),
    "records": (npy(descr="[('a', '<f8')]"), "not numbers"),
    "records of objects": (npy(descr="[('a', '|O')]"), "not numbers"),
    "texts": (npy(descr="'<U2'"), "not numbers"),
    "an unknown type": (npy(descr="'<q9'"), "not numbers"),
    "a type that is code": (npy(descr="__import__('os')"), "damaged"),
    "fewer numbers than announced": (npy("(4,)"), "announces 160 bytes, found 152"),
    "more numbers than announced": (npy("(2,)"), "announces 144 bytes, found 152"),
    "no header": (b"\x93NUMPY", ""),
}  # fmt: skip

for name, (content, part) in ARCHIVES.items():
    case(f"inputs with {name}", RUN_INPUTS, "GL720", part, several(ONE_FILE, file("i", content)))
    if name in (
        "one name twice",
        "bytes behind the end",
        "a bomb of 1.8 GB",
        "members that share their bytes",
    ):
        case(f"weights with {name}", RUN_WEIGHTS, "GL709", part, several(NET_FILE, file("w", content)))
        case(f"data with {name}", TRAIN, "GL606" if "bomb" in name else "GL604", "",
             data(NPZ, file("d", content)))  # fmt: skip
        case(f"a checkpoint with {name}", "train net.graph --resume r", "GL709", part,
             data('npz("g")', file("g", archive([Member("x.npy", npy("(2, 2)", bytes(32))), Member("t.npy", npy("(2,)", bytes(16), descr="'<i8'"))])),
                  folder_of("r"), file("r/checkpoint.npz", content)))  # fmt: skip
for name, (content, part) in HEADERS.items():
    case(f"an array with {name}", RUN_SET, "GL720", part, several(ONE_FILE, file("a", content)))
    if "numbers than" not in name:
        inner = archive([Member("x.npy", content)])
        case(
            f"inputs with an array with {name}",
            RUN_INPUTS,
            "GL720",
            part,
            several(ONE_FILE, file("i", inner)),
        )

case("weights with 60,000 arrays of long names", RUN_WEIGHTS, "GL709", "more arrays",
     several(NET_FILE, file("w", archive([Member(f"{n}{'x' * 150}.npy", npy("(0,)", b"")) for n in range(60_000)]))))  # fmt: skip
case("weights with a name of 60,000 characters", RUN_WEIGHTS, "GL709", "which the graph does not have",
     several(NET_FILE, file("w", archive([Member("x" * 60_000 + ".npy", GOOD)]))))  # fmt: skip
case("weights of another shape that would take 1.8 GB", RUN_WEIGHTS, "GL709", "",
     several(NET_FILE, file("w", bomb("Affine1.W", 200))))  # fmt: skip
case("one array as weights", RUN_WEIGHTS, "GL709", "one array", several(NET_FILE, file("w", GOOD)))
case(
    "a pickle as weights",
    RUN_WEIGHTS,
    "GL709",
    "neither",
    several(NET_FILE, file("w", b"\x80\4cos\nsystem\n.")),
)

# ---- safetensors ------------------------------------------------------------------------------------------


def tensors(header: str, body: bytes = b"", length: int | None = None) -> bytes:
    text = header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


for name, (content, part) in {
    "a length beyond the file": (tensors("{}", length=2**63), "announces"),
    "a length of a huge header": (tensors("{" + " " * 2**24 + "}"), "more than the limit"),
    "JSON that is cut off": (tensors('{"a": {"dtype"'), "not sound JSON"),
    "deep JSON": (tensors('{"a": ' + "[" * 900 + "]" * 900 + "}"), "64 brackets"),
    "one name twice": (tensors('{"a": {}, "a": {}}'), "twice"),
    "a shape of truth values": (tensors('{"a": {"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}}', bytes(4)), "impossible shape"),
    "places that overlap": (
        tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, '
                '"b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', bytes(4)), "overlaps"),
    "bytes behind the tensors": (tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', bytes(9)), "announces 4"),
    "a shape of a quintillion": (
        tensors(f'{{"a": {{"dtype": "F32", "shape": [{10**18}], "data_offsets": [0, {4 * 10**18}]}}}}', bytes(4)), "more than the limit"),
    "nothing in it": (b"", "announces"),
    "half of a length": (b"\1\2\3", "announces"),
    "a length and no header": (struct.pack("<Q", 100), "announces"),
    "a header that is a list": (tensors("[]"), "not a JSON object"),
    "a header that is a text": (tensors('"' + "a" * 100_000 + '"'), "not a JSON object"),
    "100,000 open brackets": (tensors('{"a": ' + "[" * 100_000), "64 brackets"),
    "a million empty lists": (tensors('{"a": [' + "[]," * 1_000_001 + "[]]}"), "lists"),
    "a number of 100,000 digits": (tensors('{"a": ' + "9" * 100_000 + "}"), "digits"),
    "bytes of no encoding": (struct.pack("<Q", 3) + b"{\xff}", "not sound JSON"),
    "a null character in it": (tensors('{"a\0": {}}'), "not sound JSON"),
    "a tensor that is null": (tensors('{"a": null}'), "does not describe"),
    "a tensor without a shape": (tensors('{"a": {"dtype": "F32", "data_offsets": [0, 4]}}', bytes(4)), "does not describe"),
    "a tensor with one key more": (
        tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "code": "x"}}', bytes(4)), "does not describe"),
    "a type that is a number": (tensors('{"a": {"dtype": 5, "shape": [1], "data_offsets": [0, 4]}}', bytes(4)), "impossible shape or type"),
    "a type that there is not": (tensors('{"Affine1.W": {"dtype": "F7", "shape": [3, 2], "data_offsets": [0, 24]}, '
                                         '"Affine1.b": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]}}', bytes(32)), "no type of weights"),
    "a shape below zero": (tensors('{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', bytes(4)), "impossible shape"),
    "a shape of fractions": (tensors('{"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}', bytes(4)), "impossible shape"),
    "a shape that is a text": (tensors('{"a": {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}}', bytes(4)), "impossible shape"),
    "a shape of 100,000 axes": (
        tensors('{"a": {"dtype": "F32", "shape": [' + ",".join("1" * 100_000) + '], "data_offsets": [0, 4]}}', bytes(4)), "impossible shape"),
    "a shape beyond 64 bits": (tensors(f'{{"a": {{"dtype": "F32", "shape": [{2**64}], "data_offsets": [0, 4]}}}}', bytes(4)), "impossible shape"),
    "a product of sizes beyond 64 bits": (
        tensors(f'{{"a": {{"dtype": "F32", "shape": [{2**62}, {2**62}], "data_offsets": [0, 4]}}}}', bytes(4)), "more than the limit"),
    "a size of 0 among huge ones": (
        tensors(f'{{"a": {{"dtype": "F32", "shape": [0, {2**62}, {2**62}], "data_offsets": [0, 0]}}}}'), "more than the limit"),
    "a shape beyond its bytes": (tensors('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', bytes(4)), "announces 8"),
    "a place before the start": (tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}', bytes(4)), "impossible place"),
    "a place that ends before it starts": (tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}', bytes(4)), "impossible place"),
    "a place of three numbers": (tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2, 4]}}', bytes(4)), "impossible place"),
    "a place beyond the file": (tensors('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}', bytes(4)), "something before"),
    "a hole between tensors": (
        tensors('{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "b": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]}}', bytes(3)),
        "something before"),
    "tensors in one another": (
        tensors('{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "b": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}}', bytes(4)),
        "overlaps"),
    "half of its numbers": (tensors('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', bytes(4)), "announces"),
    "a name like a path": (
        tensors('{"../../etc/passwd": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', bytes(4)), "../../etc/passwd"),
    "a name that forges a message": (
        tensors('{"a\\nerror[GL000]: \\u001b[31mfine\\u202e": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', bytes(4)), "does not have"),
    "a name of a million letters": (
        tensors('{"' + "a" * 1_000_000 + '": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', bytes(4)), "aaa"),
    "30,000 tensors": (
        tensors("{" + ",".join(f'"t{n}": {{"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}' for n in range(30_000)) + "}"), "more arrays"),
    "100,000 tensors": (
        tensors("{" + ",".join(f'"t{n}": {{"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}' for n in range(100_000)) + "}"),
        "more than 30,000"),
}.items():  # fmt: skip
    case(f"safetensors with {name}", "predict net.graph --weights w.safetensors", "GL709", part,
         several(NET_FILE, file("w.safetensors", content)))  # fmt: skip
    if name in ("100,000 open brackets", "a shape of a quintillion"):
        case(
            f"safetensors to list with {name}",
            "weights w.safetensors",
            "GL709",
            part,
            file("w.safetensors", content),
        )
    if name.startswith(("a name", "30,000 tensors", "100,000 tensors")):
        case(f"safetensors to turn with {name}", "weights w.safetensors --layout torch --for net.graph -o x.npz", "GL709", part,
             several(NET_FILE, file("w.safetensors", content)))  # fmt: skip

# ---- JSON -------------------------------------------------------------------------------------------------

for name, (text, part) in {
    "900 brackets": ('{"x": ' + "[" * 900 + "1" + "]" * 900 + "}", "64 brackets"),
    "100,000 brackets": ("[" * 100_000, "64 brackets"),
    "100,000 objects": ('{"x":' * 100_000, "64 brackets"),
    "two million lists": ('{"x": [' + "[]," * 2_000_000 + "[]]}", "1,000,000 lists"),
    "one name twice": ('{"x": [1], "x": [2]}', "`x` is there twice"),
    "a number beyond floats": ('{"x": [1e999]}', "larger than what a float can hold"),
    "an int of 5,000 digits": ('{"x": [' + "9" * 5000 + "]}", "more digits"),
    "a text": ('{"x": "1"}', "is a text"),
    "no names": ("[1, 2]", "no object"),
    "half of it": ('{"x": [1, 2', "not JSON"),
    "a null character": ('{"x": \0}', "not JSON"),
}.items():
    case(f"JSON with {name}", RUN_INPUTS, "GL720", part, several(ONE_FILE, file("i", text)))
case(
    "JSON in no encoding",
    RUN_INPUTS,
    "GL720",
    "no text",
    several(ONE_FILE, file("i", b'{"x": "\xff\xfe\xfa"}')),
)
for name, text in {
    "900 brackets": '{"set": ' + "[" * 900 + "]" * 900 + "}",
    "100,000 brackets": "[" * 100_000,
    "a list": "[1]",
    "settings that are a list": '{"set": [1]}',
    "one key twice": '{"set": {}, "set": {"x": "1"}}',
    "a file among its settings": '{"set": {"x": "@/dev/zero"}}',
}.items():
    case(f"run.json with {name}", "train net.graph --resume r", "GL721", "",
         data(NPZ, folder_of("r"), file("r/run.json", text)))  # fmt: skip
case("records that are deep", "report r", "GL721", "",
     several(folder_of("r"), file("r/metrics.jsonl", "[" * 100_000)))  # fmt: skip
case("a spec of a run that is deep", "diff r r", "GL", "",
     several(folder_of("r"), file("r/spec.json", "[" * 100_000)))  # fmt: skip

# ---- IDX --------------------------------------------------------------------------------------------------


def idx(sizes: list[int], body: bytes, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + body


LABELS = file("l", idx([2], b"\0\1"))
for name, (content, code, part) in {
    "255 axes": (idx([1] * 255, b"0"), "GL604", "not an IDX file"),
    "sizes of 2 GB": (idx([2**31], b""), "GL605", "announces 2,147,483,656 bytes, found 8"),
    "sizes beyond 64 bits": (idx([2**32 - 1] * 8, b""), "GL606", "more than the limit"),
    "a size of 0 among huge ones": (idx([0, 2**32 - 1, 2**32 - 1, 2**32 - 1], b""), "GL606", "more than the limit"),
    "half of its numbers": (idx([2, 2], b"012"), "GL605", "announces 16 bytes, found 15"),
    "more numbers": (idx([2, 2], b"012345"), "GL605", "announces 16 bytes, found 18"),
    "another type": (idx([2, 2], b"0123", kind=1), "GL604", "not an IDX file"),
    "packed content that is cut off": (gzip.compress(idx([2, 2], b"0123"))[:-12], "GL6", ""),
    "packed content that goes on": (gzip.compress(idx([2, 2], bytes(2**26))), "GL605", "more than 16"),
    "packed content that is no deflate": (b"\x1f\x8b\x08\0" + b"\xff" * 40, "GL6", ""),
    "a packed claim of 1 GB": (gzip.compress(idx([2**15, 2**15], bytes(2**21))), "GL605", "at most"),
    "a packed bomb": (
        b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zeros(1)[:-2] + zeros(1000), "GL604", "not an IDX file"),
    "another number of images": (idx([3, 2], b"012345"), "GL609", "3 samples"),
}.items():  # fmt: skip
    case(f"IDX with {name}", TRAIN, code, part, data(IDX, file("d", content), LABELS))
case(
    "IDX with a label out of range",
    TRAIN,
    "GL7",
    "",
    data(IDX, file("d", idx([2, 2], b"0123")), file("l", idx([2], b"\0\t"))),
)

# ---- tables and texts -------------------------------------------------------------------------------------

for name, (content, code, part) in {
    "null characters": (b"a,b,t\n1,\0,0\n", "GL6", ""),
    "another encoding": ("a,b,t\n1,2,0\n".encode("utf-16"), "GL604", "UTF-16"),
    "bytes of no encoding": (b"a,b,t\n1,\xff,0\n", "GL604", "byte ff"),
    "a line too short": (b"a,b,t\n1,2,0\n1,2\n", "GL614", "line 3"),
    "one name twice": (b"a,a,t\n1,2,0\n", "GL612", "twice"),
    "20,000 equal names": (b"a," * 20_000 + b"t\n" + b"1," * 20_000 + b"0\n", "GL612", "twice"),
    "a quote that stays open": (b'a,b,t\n1,"2,0\n', "GL604", "closed nowhere"),
    "a cell of 200,000 characters": (b"a,b,t\n1," + b"2" * 200_000 + b",0\n", "GL604", "longer than"),
    "nan": (b"a,b,t\n1,2,0\n1,nan,1\n", "GL6", "line 3"),
    "a number beyond floats": (b"a,b,t\n1,2,0\n1,1e999,1\n", "GL6", "line 3"),
    "a label out of range": (b"a,b,t\n1,2,0\n1,2,7\n1,2,1\n", "GL7", "line 3"),
    "nothing": (b"", "GL611", "empty"),
    "only its header": (b"a,b,t\n", "GL611", ""),
}.items():
    case(f"a table with {name}", TRAIN, code, part, data('csv("d", target=t, test=0)', file("d", content)))
SHORT = TRAINED.replace("float[N, 2]", "int[N, 2]").replace("x -> Affine(3)", "x * 1.0 -> Affine(3)")
for name, content in {"nothing": b"", "one character": b"a", "bytes": b"\xff\0" * 9}.items():
    case(f"a text with {name}", TRAIN, "GL6", "", data(TEXT, file("d", content), spec=SHORT))
ROWS = npy("(3, 2)", struct.pack("<6d", 1, 2, float("nan"), 4, 5, 6))
case("data with nan", TRAIN, "GL625", "nan in row 1",
     data(NPZ, file("d", archive([Member("x.npy", ROWS), Member("t.npy", npy("(3,)", bytes(24), descr="'<i8'"))]))))  # fmt: skip

# ---- objects on lines -------------------------------------------------------------------------------------

JSON_LINES = 'json_lines("d", target=t, test=0)'
ROW = b'{"a": 1, "b": 2, "t": 0}\n'
for name, (content, code, part) in {
    "nothing": (b"", "GL611", "empty"),
    "a line of 100,000 brackets": (ROW + b"[" * 100_000 + b"\n", "GL629", "line 2"),
    "objects in one another": (ROW + b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "GL629", "line 2"),
    "a list in a cell": (ROW + b'{"a": [1], "b": 2, "t": 0}', "GL629", "is a list or an object"),
    "a number of 100,000 digits": (
        ROW + b'{"a": ' + b"9" * 100_000 + b', "b": 1, "t": 1}',
        "GL629",
        "line 2",
    ),
    "a number beyond floats": (ROW + b'{"a": 1e999, "b": 1, "t": 1}', "GL629", "line 2"),
    "NaN": (ROW + b'{"a": NaN, "b": 1, "t": 1}', "GL629", "line 2"),
    "Infinity": (ROW + b'{"a": -Infinity, "b": 1, "t": 1}', "GL629", "line 2"),
    "one key twice": (ROW + b'{"a": 1, "a": 2, "b": 1, "t": 1}', "GL629", "twice"),
    "bytes of no encoding": (ROW + b'{"a": "\xff", "b": 1, "t": 1}', "GL629", "line 2"),
    "20,000 keys in turn": (
        b"".join(b'{"k%d": 1}\n' % i for i in range(20_000)),
        "GL606",
        "cells, more than the limit",
    ),
    "another key on every line": (ROW + b"".join(b'{"k%d": 1}\n' % i for i in range(30)), "GL6", ""),
}.items():
    case(f"json_lines with {name}", TRAIN, code, part, data(JSON_LINES, file("d", content)))
case(
    "json_lines of 3 GiB", TRAIN, "GL606", "more than the limit", data(JSON_LINES, sparse("d", 3 * GIBIBYTE))
)

# ---- what the data taught, beside weights ------------------------------------------------------------------

LEARNT = """\
input x: float[N], k: int[N]
w = parameter_of
y = x * 2 + k
output y
data { source = csv("d", test=0); x = standardize(a); k = category(kind) }
""".replace("w = parameter_of\n", "param w: float[1] = 0\n").replace("* 2", "* 2 + w")
KEPT = '{"standardize(a)": {"less": [1.0], "by": [2.0]}, "category(kind)": {"classes": ["u", "v"]}}'
PREDICT = "predict net.graph --weights w.npz --data d"
WEIGHTS = archive([Member("w.npy", npy("(1,)", bytes(8)))])
for name, (content, code, part) in {
    "brackets": ("[" * 100_000, "GL7", ""),
    "nothing": ("", "GL7", ""),
    "a number": ("1", "GL627", ""),
    "a list": (KEPT.replace('{"less": [1.0], "by": [2.0]}', "[1]"), "GL627", "damaged"),
    "texts for numbers": (KEPT.replace("[1.0]", '["1"]'), "GL627", "damaged"),
    "too many numbers": (KEPT.replace("[1.0]", "[1.0, 2.0, 3.0]"), "GL627", "damaged"),
    "nothing to divide by": (KEPT.replace("[2.0]", "[]"), "GL627", "damaged"),
    "NaN": (KEPT.replace("[1.0]", "[NaN]"), "GL7", ""),
    "classes of all kinds": (KEPT.replace('"v"', "{}"), "GL627", "damaged"),
    "no classes": (KEPT.replace('"u", "v"', ""), "GL627", ""),
}.items():
    case(f"what was learned with {name}", PREDICT, code, part, several(
        file("net.graph", LEARNT), file("d", "a,kind\n1,u\n3,v\n"), file("w.npz", WEIGHTS),
        file("w.data.json", content)))  # fmt: skip

# ---- names ------------------------------------------------------------------------------------------------

FORGED = "a\nnet.graph:1:1:\x1b[31m\u202eerror[GL000]"
for name, words in {
    "a spec": ("run", f"{FORGED}.graph"),
    "weights": ("predict", "net.graph", "--weights", FORGED),
    "inputs": ("run", "one.graph", "--inputs", FORGED),
    "an array": ("run", "one.graph", "--set", f"x=@{FORGED}"),
    "a run": ("train", "net.graph", "--resume", FORGED),
    "other data": ("train", "net.graph", "--data", FORGED),
}.items():
    CASES[f"a newline in the name of {name}"] = Case(
        f"a newline in the name of {name}", data(NPZ, ONE_FILE), words, "GL", "a"
    )

LONG = "a" * 5000
for name, words in {
    "a spec": ("run", f"{LONG}.graph"),
    "weights": ("predict", "net.graph", "--weights", LONG),
    "inputs": ("run", "one.graph", "--inputs", LONG),
    "an array": ("run", "one.graph", "--set", f"x=@{LONG}"),
    "a run to go on with": ("train", "net.graph", "--resume", LONG),
    "other data": ("train", "net.graph", "--data", LONG),
    "a report": ("report", LONG),
    "a difference": ("diff", LONG, "net.graph"),
}.items():
    CASES[f"a name too long for {name}"] = Case(
        f"a name too long for {name}", data(NPZ, ONE_FILE), words, "GL", "aaa"
    )
case("an import with a name that is too long", "run net.graph", "GL210", "", importing(f"{LONG}.graph"))
case("data with a name that is too long", TRAIN, "GL6", "", data(f'npz("{LONG}")'))
MANY = json.dumps({f"name {n}": 1 for n in range(100_000)})
case("JSON with 100,000 unknown names", RUN_INPUTS, "GL", "", several(ONE_FILE, file("i", MANY)))
case(
    "inputs with 60,000 arrays", RUN_INPUTS, "GL", "",
    several(ONE_FILE, file("i", archive([Member(f"{n}.npy", npy("(0,)", b"")) for n in range(60_000)]))),
)  # fmt: skip
