from __future__ import annotations

import copy
import io
import json
import pickle
import traceback
from dataclasses import asdict, astuple, dataclass
from typing import cast

import pytest
from rich.console import Console
from rich.traceback import Traceback

from reconciler.secret import Secret

TEXT = "tok3n-that-nobody-may-see"


@dataclass(frozen=True)
class Holder:
    token: Secret


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(TEXT)),
        str(Secret(TEXT)),
        f"{Secret(TEXT)}",
        f"{Secret(TEXT):>40}",
        f"{Secret(TEXT)!r:.3}",
        "{:s}".format(Secret(TEXT)),  # noqa: UP032  # this way of formatting is what is tried
        "%s" % Secret(TEXT),  # noqa: UP031  # as above
        "%r" % Secret(TEXT),  # noqa: UP031  # as above
    ],
)
def test_a_secret_prints_as_three_stars(shown: str) -> None:
    assert shown == "***"


def test_an_empty_secret_prints_as_three_stars_too() -> None:
    assert str(Secret("")) == "***"


def test_only_reveal_gives_the_text() -> None:
    assert Secret(TEXT).reveal() == TEXT


def test_json_refuses_a_secret() -> None:
    with pytest.raises(TypeError, match="Secret is not JSON serializable"):
        json.dumps({"token": Secret(TEXT)})


def test_json_with_a_default_of_str_shows_stars() -> None:
    assert json.dumps([Secret(TEXT)], default=str) == '["***"]'


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Secret(TEXT), protocol)


def test_the_state_of_a_secret_cannot_be_taken() -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        Secret(TEXT).__getstate__()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_secret_is_the_secret(copied: object) -> None:
    secret = Secret(TEXT)

    assert callable(copied)
    assert copied(secret) is secret


def test_a_dataclass_taken_apart_still_masks_its_secret() -> None:
    holder = Holder(Secret(TEXT))

    assert f"{asdict(holder)} {astuple(holder)} {holder}" == "{'token': ***} (***,) Holder(token=***)"


def test_a_secret_has_no_dict() -> None:
    with pytest.raises(TypeError):
        vars(Secret(TEXT))


def test_a_traceback_with_local_variables_shows_stars() -> None:
    def fail(secret: Secret) -> None:
        raise RuntimeError(secret)

    with pytest.raises(RuntimeError) as caught:
        fail(Secret(TEXT))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())

    assert "secret = ***" in shown
    assert TEXT not in shown


def test_a_rich_traceback_with_local_variables_shows_stars() -> None:
    def fail(holder: Holder) -> None:
        raise RuntimeError(holder)

    with pytest.raises(RuntimeError) as caught:
        fail(Holder(Secret(TEXT)))
    screen = Console(file=io.StringIO(), width=200)
    screen.print(Traceback.from_exception(caught.type, caught.value, caught.tb, show_locals=True))
    shown = cast("io.StringIO", screen.file).getvalue()

    assert "holder = Holder(token=***)" in shown
    assert TEXT not in shown


def test_a_secret_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="can't be changed"):
        Secret(TEXT)._Secret__text = "other"
    with pytest.raises(AttributeError, match="can't be changed"):
        del Secret(TEXT)._Secret__text  # type: ignore[attr-defined]  # what an intruder would write


@pytest.mark.parametrize("text", ["", TEXT, "häßlich", "\udcff"])
def test_secrets_of_the_same_text_are_equal(text: str) -> None:
    assert Secret(text) == Secret(text)


def test_a_secret_equals_neither_another_one_nor_its_text() -> None:
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT


def test_a_secret_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret(TEXT))


def test_a_secret_is_true_when_it_holds_something() -> None:
    assert Secret("x")
    assert not Secret("")


@pytest.mark.parametrize(("text", "tail"), [("", ""), ("123456789012", ""), ("1234567890123", "0123"), (TEXT, "-see")])
def test_the_tail_is_given_only_of_a_long_secret(text: str, tail: str) -> None:
    assert Secret(text).tail() == tail


def test_what_is_not_text_is_refused_without_showing_it() -> None:
    with pytest.raises(TypeError, match=r"^A Secret holds text\.$"):
        Secret(b"tok3n")  # type: ignore[arg-type]  # the mistake that is refused
