"""The tour of the code leads to files that are there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from recipes import ROOT

PLACES = ("graphlang", "graphlang/*", "graphlang/*/*", "graphlang/*/*/*", "tests", "tests/*", ".")


def test_every_file_and_folder_that_the_documents_name_exists() -> None:
    lost = []
    for document in ("docs/architecture.md", "CONTRIBUTING.md"):
        prose = re.sub(
            r"^```.*?^```$", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        for name in re.findall(r"`([\w./]+(?:\.py|\.lark|/))`", prose):
            if not any(any(ROOT.glob(f"{place}/{name.rstrip('/')}")) for place in PLACES):
                lost.append(f"{document}: {name}")
    assert lost == []
