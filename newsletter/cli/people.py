"""`newsletter subscribers import`, `add` and `export`: people come onto lists, and lists leave as files."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.audience.textfile import ENCODINGS
from newsletter.cli import person
from newsletter.cli.common import JSON, open_house, show_json
from newsletter.errors import MistypedError, UsageError

if TYPE_CHECKING:
    from newsletter.audience.csvfile import Remark
    from newsletter.model import Basis
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.importing import ImportReport, Progress

ON_SCREEN = 20
"""So many lines of a file are shown; the others are counted, and stand in the file of --report and in --json."""

ENCODING = click.option(
    "--encoding", type=click.Choice(ENCODINGS), help="Of a file that is not UTF-8 and has no byte order mark."
)
REPORT = click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file for every line that was left out or is doubtful.",
)
_LIST = click.option("--list", "list_", required=True, help="The list they go on.")
_SOURCE = click.option("--source", default="", help="Where they come from, in words that they may read.")
_BASIS = click.option(
    "--basis",
    type=click.Choice(["express", "implied", "legacy_import"]),
    help="Why we may write to them; legacy_import where it is left out: nobody knows why.",
)
_UNTIL = click.option("--until", metavar="DATE", help="The last day of implied consent.")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_LIST
@_BASIS
@_UNTIL
@_SOURCE
@ENCODING
@click.option("--strict", is_flag=True, help="All or nothing: take nobody if a row cannot be taken.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@REPORT
@JSON
def import_(
    *,
    file: Path,
    list_: str,
    basis: str | None,
    until: str | None,
    source: str,
    encoding: str | None,
    strict: bool,
    dry_run: bool,
    report_file: Path | None,
    as_json: bool,
) -> int:
    """Put the people of a CSV file on a list: a column `email`, and `name` if there is one. 4 where rows were left."""
    from newsletter.pipeline import importing

    context = open_house()
    why, ends_at = _terms(context, basis, until)
    wanted = importing.Import(
        file=file, list=list_, basis=why, until=ends_at, source=source or file.name, encoding=encoding, strict=strict,
        dry_run=dry_run,
    )  # fmt: skip
    remarks = Remarks(everything=as_json)
    with remarks.also_to(report_file), _bar() as progress:
        report = importing.import_csv(context, wanted, tell=remarks.take, progress=progress)
    if as_json:
        show_json(_document(wanted, report, remarks))
    else:
        _tell(wanted, report, remarks, report_file)
    if report.rejected:
        return 1 if strict else 4
    return 0


def _terms(context: Context, basis: str | None, until: str | None) -> tuple[Basis, datetime | None]:
    """The basis, and the last second of the day on which implied consent ends. Raises MistypedError."""
    from newsletter.model import Basis

    if basis is None:
        words = "no --basis: legacy_import, which says that nobody knows why we may write to them; say it if you know"
        click.echo(words, err=True)
    why = Basis(basis or Basis.LEGACY_IMPORT)
    if (why is Basis.IMPLIED) != (until is not None):
        raise MistypedError("implied consent ends on a day, and no other does: --basis implied --until 2027-05-01")
    if until is None:
        return why, None
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise MistypedError(f"--until {until!r}: write the day as 2027-05-01") from error
    ends_at = datetime.combine(day, time_of_day(23, 59, 59), context.organisation.zone)
    if ends_at <= context.clock():
        raise MistypedError(f"--until {until}: that day is over, and nobody could be mailed")
    return why, ends_at


class Remarks:
    """What is said of single lines of a file: the first few for the screen, all of them for JSON or into a file."""

    def __init__(self, *, everything: bool) -> None:
        self._everything = everything
        self._write: Callable[[list[Any]], object] = lambda _row: None
        self.rejected: list[Remark] = []
        self.notes: list[Remark] = []
        self.note_count = 0

    @contextmanager
    def also_to(self, file: Path | None) -> Iterator[None]:
        """Into a CSV file too, while this holds."""
        if file is None:
            yield
            return
        with file.open("w", encoding="utf-8", newline="") as out:
            self._write = csv.writer(out).writerow
            self._write(["line", "row", "problem"])
            yield

    def take(self, remark: Remark) -> None:
        kept = self.rejected if remark.rejected else self.notes
        if self._everything or len(kept) < ON_SCREEN:
            kept.append(remark)
        self.note_count += not remark.rejected
        self._write([remark.line, "left out" if remark.rejected else "taken", remark.problem])

    def show_rejected(self, count: int) -> None:
        for remark in self.rejected[:ON_SCREEN]:
            click.echo(f"  line {remark.line}: {remark.problem}")
        if count:
            more = f", of which the first {ON_SCREEN} stand here" if count > ON_SCREEN else ""
            click.echo(f"  {count:,} {'row was' if count == 1 else 'rows were'} not taken{more}")

    def show_notes(self) -> None:
        for remark in self.notes[:ON_SCREEN]:
            click.echo(f"  note on line {remark.line}: {remark.problem}")
        if self.note_count > ON_SCREEN:
            click.echo(f"  {self.note_count:,} notes, of which the first {ON_SCREEN} stand here")


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar with rate and time left where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _share, _rows: None
        return
    since = time.monotonic()
    with click.progressbar(length=1000, label="importing", file=sys.stderr, item_show_func=lambda item: item) as bar:
        yield lambda share, rows: bar.update(
            round(share * 1000) - bar.pos, f"{rows:,} rows, {rows / (time.monotonic() - since):,.0f}/s"
        )


def _document(wanted: Any, report: ImportReport, remarks: Remarks) -> dict[str, Any]:
    people = report.people
    return {
        "list": wanted.list, "basis": wanted.basis.value, "until": wanted.until, "source": wanted.source,
        "taken": report.taken, "added": people.added, "known": people.known, "raised": people.raised,
        "kept_out": people.kept_out, "erased": people.erased, "moved": people.moved, "suppressed": people.suppressed,
        "rejected": [{"line": each.line, "problem": each.problem} for each in remarks.rejected],
        "notes": [{"line": each.line, "problem": each.problem} for each in remarks.notes],
    }  # fmt: skip


def _tell(wanted: Any, report: ImportReport, remarks: Remarks, file: Path | None) -> None:
    people = report.people
    if not report.taken:
        click.echo(
            "nothing was written; this is what would be:" if wanted.dry_run else "nothing was written (--strict):"
        )
    raised = f", {people.raised:,} of them on a weaker basis than now" if people.raised else ""
    click.echo(f"{wanted.list}: {people.added:,} added as {wanted.basis}, {people.known:,} were on it already{raised}")
    if people.kept_out:
        click.echo(f"  {people.kept_out:,} had left it and stay away")
    if people.erased:
        click.echo(f"  {people.erased:,} asked to be erased and stay so")
    if people.moved:
        click.echo(f"  {people.moved:,} gave another address and are not mailed at this one")
    if people.suppressed:
        click.echo(f"  {people.suppressed:,} are suppressed and get no mail; see `newsletter suppressions list`")
    remarks.show_notes()
    remarks.show_rejected(report.rejected)
    if file is not None:
        click.echo(f"  every line that was left out or is doubtful stands in {file}")


@click.command()
@click.argument("address")
@_LIST
@click.option("--name", default="", help="Their name.")
@_BASIS
@_UNTIL
@_SOURCE
@click.option("--confirm", is_flag=True, help="By a letter that asks them to confirm; they are on it once they do.")
def add(address: str, list_: str, name: str, basis: str | None, until: str | None, source: str, confirm: bool) -> int:
    """Put one person on a list, at once or once they have confirmed by a letter. 4 where they get none."""
    from newsletter.pipeline import readers

    if confirm:
        return person.ask_by_letter(address, list_, name, source or "by hand")
    context = open_house()
    why, ends_at = _terms(context, basis, until)
    done = readers.add(context, address, name, list_, source=source or "by hand", basis=why, until=ends_at)
    if done.erased:
        click.echo("they asked to be erased and stay so, until they sign up themselves")
    elif done.moved:
        click.echo("they gave another address, and are not mailed at this one until they sign up with it")
    elif done.kept_out:
        click.echo(f"they left {list_} and stay away")
    elif done.raised:
        click.echo(f"on {list_} already, and from now on as {why}")
    else:
        click.echo(f"on {list_} now" if done.added else f"on {list_} already")
    return 0


@click.command()
@click.argument("address", required=False)
@click.option("--list", "list_", help="The list whose people are wanted.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file, in place of stdout.")
@click.option("--bom", is_flag=True, help="Begin with a byte order mark: old Excel takes it for UTF-8 then.")
def export(address: str | None, list_: str | None, output: Path | None, bom: bool) -> None:
    """Show everything that is held about one person, as JSON; or write who is on a list (--list) as CSV, which a
    spreadsheet takes for text and `subscribers import` takes back.
    """
    from newsletter.pipeline import exporting

    if (address is None) == (list_ is None):
        raise UsageError("say whom you want: an address, or a list with --list")
    if list_ is None:
        person.show_own_data(address or "")
        return
    context = open_house()
    if output is not None:
        count = exporting.export_to_file(context, list_, output, bom=bom)
        click.echo(f"{output}: {count:,} people of {list_}; it holds addresses, so only you may read it", err=True)
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="")
    exporting.export(context, list_, sys.stdout, bom=bom)
