"""The measures themselves: a page with a fault is found out, so that silence elsewhere means something."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser_visit import Given, Visit, cramped, faint, out_of_column, overlapping, small

pytestmark = pytest.mark.browser

AT = "http://127.0.0.1:8000/page"
HEAD = (
    '<!DOCTYPE html><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
)
Show = Callable[..., Visit]


@pytest.fixture
def show(visit: Callable[..., Visit]) -> Show:
    """Shows a page with this body."""

    def shown(body: str, width: int = 320, policy: str = "", **options: object) -> Visit:
        headers = {"Content-Security-Policy": policy} if policy else {}
        page = Given((HEAD + body).encode(), "text/html; charset=utf-8", headers)
        made = visit(width, given={AT: page}, **options)
        made.open(AT)
        return made

    return shown


def test_a_page_without_fault(show: Show) -> None:
    """Nothing is found where there is nothing."""
    sound = show(
        '<h1>One</h1><p style="font-size:16px">Two<p><a href="/" style="display:block;line-height:50px">Go</a>'
    )
    assert [sound.measure("wide"), sound.measure("cut"), sound.said, sound.asked] == [[], [], [], [AT]]
    assert [faint(sound), small(sound, 14), cramped(sound), overlapping(sound), out_of_column(sound)] == [[]] * 5


@pytest.mark.parametrize("body", [
    '<p style="width:400px">Wide', "<p>" + "x" * 90, '<img alt="" width="400" height="9" src="data:,">',
    '<p style="position:relative;left:-50px">Left', "<table><tr><td nowrap>" + "word " * 30,
])  # fmt: skip
@pytest.mark.parametrize("width", [320, 600])
def test_wide(show: Show, body: str, width: int) -> None:
    """Boxes, words, pictures and tables; on a phone, where the page would be shrunk instead, as well."""
    bigger = body.replace("400", "700").replace("x" * 90, "x" * 190)
    assert show(bigger, width).measure("wide")


def test_cut(show: Show) -> None:
    """Text in a box too small for it that hides the rest."""
    assert show('<p style="height:10px;overflow:hidden">Cut<br>off').measure("cut")
    assert show('<p style="overflow:hidden;white-space:nowrap">' + "word " * 30).measure("cut")


@pytest.mark.parametrize(("body", "found"), [
    ('<p style="color:#777">Faint', 1),  # 4.48
    ('<p style="color:#767676">Enough', 0),  # 4.54
    ('<div style="background:#222"><p>Black on dark</div>', 1),
    ('<div style="background:#222"><p style="color:#eee;opacity:.3">See-through</div>', 1),
    ('<div style="background:rgba(0,0,0,.5)"><p style="color:#333">Half dark</div>', 1),
    ('<p style="color:#ddd;display:none">Hidden', 0),
    ('<p><img alt="Missing" src="data:," width="90" height="20" style="color:#ccc">', 1),
    ("<style>::placeholder { color: #ccc }</style><input placeholder='Type'>", 1),
])  # fmt: skip
def test_faint(show: Show, body: str, found: int) -> None:
    """The colour as painted against the ground as painted; the ratios are WCAG's own examples."""
    assert len(faint(show("<p>x" + body))) == found


def test_faint_in_the_dark(show: Show) -> None:
    """The browser's own dark ground is the ground where a page names none."""
    assert faint(show('<p style="color:#222">Dark on dark', scheme="dark"))
    assert not faint(show("<p>As the browser has it", scheme="dark"))


def test_targets(show: Show) -> None:
    """A low link on its own line is cramped, one in a sentence is not; two in one place overlap."""
    assert cramped(show('<p><a href="/">Low</a>'))
    assert not cramped(show('<p>In <a href="/">a</a> sentence'))
    assert overlapping(show('<button>One</button><button style="margin-left:-30px">Two</button>'))


def test_order(show: Show) -> None:
    """Columns, and what is moved to another place, are out of the one column."""
    assert out_of_column(show('<div style="display:flex"><p>One</p><p>Two</p></div>'))
    assert out_of_column(show('<div style="display:flex;flex-direction:column-reverse"><p>One</p><p>Two</p></div>'))
    assert not out_of_column(show("<table><tr><td>One<td>Two</table>"))


def test_policy(show: Show) -> None:
    """What a page's policy stops is said in the console; what a page asks of strangers is kept, and not answered."""
    assert any(
        "Content Security Policy" in line for line in show('<p style="color:red">x', policy="style-src 'self'").said
    )
    stranger = show('<p>x<img alt="" src="https://tracker.example.org/pixel">')
    assert stranger.asked == [AT, "https://tracker.example.org/pixel"]
    assert not stranger.measure("pictures")[0]["loaded"]
