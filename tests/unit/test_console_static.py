"""What the console sends as it is: one vendored file, unchanged, and nothing that a browser would have to fetch."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from reconciler import console

_PACKAGE = Path(console.__file__).parent
_HTMX = "htmx-2.0.11.min.js"
_SHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
_OURS = sorted([*(_PACKAGE / "templates").iterdir(), *(_PACKAGE / "static").glob("console.*")])


def test_the_vendored_file_is_the_one_that_was_published_with_its_licence_beside_it() -> None:
    static = _PACKAGE / "static"
    assert hashlib.sha256((static / _HTMX).read_bytes()).hexdigest() == _SHA256
    assert "Permission to use, copy, modify" in (static / "htmx-2.0.11.LICENSE").read_text()
    assert {path.name for path in static.iterdir()} == {
        *(_HTMX, "htmx-2.0.11.LICENSE", "console.css", "console.js", "icon.svg")
    }


@pytest.mark.parametrize("path", _OURS, ids=lambda path: path.name)
def test_a_page_has_no_script_or_style_of_its_own_and_asks_nobody_else(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", text)
    assert "<style" not in text
    assert not re.search(r"\s(?:style|on[a-z]+)=[\"']", text)
    assert not re.search(r"(?:src|href|url\()[=\"'(]*https?:", text)
