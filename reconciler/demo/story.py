"""The demo, told as a story. It exits 0 only if both sides agree at the end, and no nightmare came true."""

from __future__ import annotations

import signal
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from reconciler.demo.agreement import Agreement
    from reconciler.demo.scenes import Hour
    from reconciler.demo.stage import Stage
    from reconciler.report import Report

_WIDTH: Final = 96
_NEXT: Final = """\
For your own data:
  reconciler init                       the key ring and the ledger's schema
  reconciler connect NAME               checks token, account, list and statement; shows what the first sync would do
  reconciler run NAME                   one run now; `reconciler serve` runs every 5 minutes"""


def tell_story(count: int, *, keep: bool, console: bool = False) -> int:
    """Tell the story with so many contacts; says the exit code."""
    began = time.monotonic()
    _say(
        f"A CRM with {count:,} contacts on a real PostgreSQL, and a simulated Constant Contact over real HTTP. "
        "Where the program waits, all clocks go four times as fast."
    )
    # Imported late, so that the first line is there at once.
    from reconciler.demo import people
    from reconciler.demo.stage import fill_account, set_stage

    contacts = people.people(count)
    groups = people.summary(contacts)
    told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in groups.items() if name != people.PLAIN)
    with set_stage(contacts, _progress) as stage:
        _chapter("1. Two sides that do not agree")
        _say(f"In the CRM: {groups[people.PLAIN]:,} plain contacts; {told}.")
        there = fill_account(stage, contacts)
        _say("At Constant Contact: " + ", ".join(f"{number:,} {what}" for what, number in there.items()) + ".")
        is_agreed = _tell_chapters(stage)
        click.echo(f"\nTold in {time.monotonic() - began:.0f} s. Everything it made is thrown away.\n\n{_NEXT}")
        if console:
            _serve(stage)
        elif keep:
            _wait(stage)
    return 0 if is_agreed else 1


def _tell_chapters(stage: Stage) -> bool:
    """All that happens; says whether both sides agree and every nightmare stayed one."""
    from reconciler.demo import scenes

    _chapter("2. Connect, and see the first sync before it happens")
    _quote(scenes.look_at_first_sync(stage))

    _chapter("3. The first sync")
    first = stage.run()
    _tell_run(first)

    _chapter("4. An hour later: both sides have changed")
    hour = scenes.live_an_hour(stage)
    for line in hour.told:
        _say(line)
    report = stage.run()
    _tell_run(report)
    moved, is_kept = scenes.tell_of_moved(stage, hour)
    _say(f"{moved} The name changed there was kept: it is drift.")

    _chapter("5. Nothing to do")
    _say(scenes.do_nothing(stage))

    is_well, caught_up, full = _tell_nightmares(stage, hour)
    is_settled, settled = _tell_of_kill(stage)
    _chapter("10. Do both sides agree?")
    agreement = _agreement(stage, hour)
    _tell_agreement(agreement)

    _chapter("11. Beside it: the script that people usually write")
    put_back = _tell_script(stage, hour, full)

    _chapter("The report of the run after that hour, as `reconciler report` shows it")
    _tell_report(stage, report)
    is_well = is_well and is_settled and _went_well(first, report, caught_up, full, settled)
    return agreement.is_whole and is_kept and is_well and not put_back


def _tell_nightmares(stage: Stage, hour: Hour) -> tuple[bool, Report, Report]:
    from reconciler import page
    from reconciler.demo import nightmares

    _chapter("6. Nightmare: somebody leaves, and the CRM changes her in the same minute")
    left = nightmares.tell_of_leaving(stage, hour)
    _say(left.told)

    _chapter("7. Nightmare: the access token ends while contacts change")
    expiry = nightmares.let_token_end(stage)
    _say(f"In the CRM {len(expiry.mobiles)} people get a new mobile, and {len(expiry.added)} contacts are new.")
    _say(page.sentence(stage.run().to_json()))
    standing, asked = nightmares.wait(stage)
    _say("Three hours and ten minutes later, in the words of `reconciler status`:")
    _say(standing)
    _say(f"One more run was tried meanwhile; Constant Contact had {page.number(asked, 'request')}.")
    _say("Then somebody connects with a new token, and the next run catches up:")
    caught_up = nightmares.connect_again(stage)
    _tell_run(caught_up)
    arrived = nightmares.tell_of_arrivals(stage, expiry)
    _say(arrived.told)

    _chapter("8. Nightmare: a forced full resync")
    full, kept = nightmares.force_resync(stage, hour)
    _say(page.sentence(full.to_json()))
    _say(kept.told)
    return all(outcome.is_well for outcome in (left, arrived, kept)), caught_up, full


def _tell_of_kill(stage: Stage) -> tuple[bool, Report]:
    from reconciler import page
    from reconciler.demo import killing

    _chapter("9. Nightmare: kill -9 in the middle of an import")
    killed = killing.kill_in_the_middle(stage)
    _say(
        f"In the CRM {len(killed.mobiles)} people get a new mobile, and {len(killed.added)} contacts are new. "
        f"`reconciler run acme`, a process of its own, was ended by {killing.how_it_died(killed)}. Ten minutes later "
        "the next run finds out what became of it:"
    )
    settled = killing.run_later(stage)
    _say(page.sentence(settled.to_json()))
    outcome = killing.tell_of_killed(stage, killed)
    _say(outcome.told)
    return outcome.is_well, settled


def _agreement(stage: Stage, hour: Hour) -> Agreement:
    from reconciler.demo import agreement

    return agreement.compare(stage, set(hour.everybody_off), {hour.renamed: "first_name"})


def _tell_script(stage: Stage, hour: Hour, full: Report) -> int:
    """Tell what the usual script does with the same people; says how many the reconciler put back."""
    from reconciler.demo import beside

    everything, off = stage.account.requests(), hour.everybody_off
    ours = beside.Pass(sum(full.calls.values()), beside.who_is_back(off, stage.account))
    theirs = beside.run_usual_script(stage, off)
    _say(
        f"usual_script.py: {beside.lines_of_script()} lines of Python's standard library. It reads all contacts, pulls "
        "the list, and makes one call for each contact. Here it is given the same people in the same states, at a "
        "second simulated Constant Contact that has no limits. Beside it the forced full resync of chapter 8."
    )
    _quote(beside.table(theirs, ours))
    _say(f"All of the above, from connecting to here, took the reconciler {everything:,} calls.")
    return len(ours.put_back)


def _tell_agreement(found: Agreement) -> None:
    for difference in found.differences[:10]:
        _say(f"DIFFERENT: {difference}")
    verdict = "Yes" if found.is_whole else f"NO, {len(found.differences):,} differences"
    _say(
        f"{verdict}: {found.on_list:,} contacts are on the list with the CRM's values, {found.kept_off:,} who left "
        f"are off it, {found.strangers:,} members are not in the CRM, or no longer wanted, and were left alone."
    )


def _tell_report(stage: Stage, report: Report) -> None:
    from reconciler import page
    from reconciler.ledger import runs

    with stage.ledger.transaction() as tx:
        rows = runs.shown(tx, report.run_id, **page.SHOWN)
    _quote(page.report(report.to_json(), rows))


def _tell_run(report: Report) -> None:
    from reconciler import page

    _progress("")
    _say(page.sentence(report.to_json()))
    if report.message:
        _say(f"{report.message[:1].upper()}{report.message[1:]}.")
    if needing := [f"{problem.count:,} {problem.code} (who: {problem.who})" for problem in report.problems]:
        _say(f"To look at: {', '.join(needing)}.")
    calls = sum(report.calls.values())
    _say(f"{calls} API calls, {'every sum meets' if all(report.balances.values()) else 'A SUM DOES NOT MEET'}.")


def _went_well(*reports: Report) -> bool:
    """Whether no run was stopped, and every sum of every report meets."""
    stopped = {"held", "disconnected", "quota", "failed", "cancelled", "abandoned"}
    return all(report.state.value not in stopped and all(report.balances.values()) for report in reports)


def _chapter(title: str) -> None:
    _progress("")
    click.echo()
    click.secho(title, bold=True)


def _quote(text: str) -> None:
    _progress("")
    click.echo(textwrap.indent(text, "   "))


def _say(text: str) -> None:
    click.echo(textwrap.fill(text, _WIDTH, initial_indent="   ", subsequent_indent="   "))


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{'   ' if words else ''}{words}", nl=False, err=True)


def _wait(stage: Stage) -> None:
    click.echo(f"\nKept until Ctrl-C: database {stage.url}\n  simulated Constant Contact {stage.simulator.api_url}")
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _serve(stage: Stage) -> None:
    """Serve the console over all that has happened, until Ctrl-C."""
    from reconciler.console import links, server
    from reconciler.console.access import Role

    with server.serving(stage.process, stage.ledger, ("127.0.0.1", 0), lambda _: None) as desk:
        query = links.make(stage.ledger, Role.ADMIN, (), "cli:demo", desk.random_bytes)
        click.echo(f"\nThe console, until Ctrl-C. This address signs you in once:\n  {desk.address}/sign-in?{query}")
        _wait(stage)
