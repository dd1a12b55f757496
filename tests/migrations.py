"""What a migration must not do while programs of two versions use the ledger (docs/adr/0024): found in its text."""

from __future__ import annotations

import re
from typing import Final

#: The last migration from before the rule: nobody had a ledger of a released version then.
LAST_BEFORE: Final = 18
#: Tables with a row for each contact, run or action. All others have about one for each connection.
BIG: Final = frozenset(
    {
        *("contacts", "members", "earlier_members", "pairs", "rejects", "forgotten_addresses", "forgotten_contacts"),
        *("runs", "run_rows", "plans", "plan_changes", "batches", "batch_contacts", "audit"),
    }
)
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEXTS: Final = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_OLDEST: Final = re.compile(r"^-- Oldest program: (\d{4})$", re.MULTILINE)
_ALTERED: Final = re.compile(r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?reconciler\.(\w+) (.*)", re.DOTALL)
_REWRITES: Final = re.compile(
    r"GENERATED|SERIAL|DEFAULT \(?(?:RECONCILER\.|GEN_RANDOM_UUID|CLOCK_TIMESTAMP|RANDOM|NEXTVAL)"
)
_HOLDS: Final = r"(TRUNCATE|LOCK|VACUUM|CLUSTER|REINDEX|REFRESH)\b"


def faults(text: str, number: int) -> list[str]:
    """What is wrong with a migration, in words; nothing where both versions can go on and nobody waits for long."""
    bare = _COMMENT.sub("", text)
    statements = [" ".join(each.split()) for each in _TEXTS.sub("''", bare).split(";") if each.strip()]
    made = {
        name for each in statements for name in re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?reconciler\.(\w+)", each)
    }
    found = [fault for each in statements for fault in _faults_of(each, made)]
    if any("CONCURRENTLY" in each for each in statements) and len(statements) > 1:
        found.append("an index that is built concurrently has a file of its own")
    return found + _faults_of_taking_away(text, statements, made, number)


def _faults_of(statement: str, made: set[str]) -> list[str]:
    upper = statement.upper()
    if index := re.search(r"^CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*? ON (?:ONLY )?RECONCILER\.(\w+)", upper):
        is_short = index[1] or index[2].lower() not in BIG - made
        return [] if is_short else ["an index of a big table is built CONCURRENTLY"]
    if written := re.search(r"^(?:WITH .*)?(?:UPDATE|DELETE FROM|INSERT INTO) RECONCILER\.(\w+)", upper):
        return (
            ["rows of a big table are changed by the program, in batches"] if written[1].lower() in BIG - made else []
        )
    if re.match(_HOLDS, upper):
        return ["a table is held as a whole"]
    if " RENAME " in upper:
        return ["nothing is renamed: add the new one, fill it, take the old one away later"]
    altered = _ALTERED.search(statement)
    return [] if altered is None or altered[1] in made else _faults_of_altering(altered[2].upper())


def _faults_of_altering(actions: str) -> list[str]:
    found = []
    for action in re.split(r",(?![^(]*\))", actions):
        is_added = re.match(r" ?ADD (?:COLUMN )?(?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY|EXCLUDE)", action)
        if is_added and "NOT NULL" in action and "DEFAULT" not in action:
            found.append("a new column without a default is not NOT NULL: older programs don't fill it")
        if is_added and _REWRITES.search(action):
            found.append("a new column whose value is worked out for each row writes the whole table anew")
        if is_added and re.search(r"\b(UNIQUE|PRIMARY KEY|CHECK|REFERENCES)\b", action):
            found.append("a constraint is added by itself, NOT VALID")
        if re.search(r" TYPE ", action):
            found.append("a column's type stays: add another column")
        if re.match(r" ?ADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY)", action) and "NOT VALID" not in action:
            found.append("a constraint is added NOT VALID, and validated by a later migration")
        if re.match(r" ?ADD (CONSTRAINT \w+ )?(UNIQUE|PRIMARY KEY|EXCLUDE)", action) and "USING INDEX" not in action:
            found.append("a constraint with an index takes one that was built CONCURRENTLY")
    return found


def _faults_of_taking_away(text: str, statements: list[str], made: set[str], number: int) -> list[str]:
    """Whether it says since when programs do without what it takes away or demands."""
    takes = [each for each in statements if _takes_away(each, made)]
    oldest = _OLDEST.search(text)
    if takes and oldest is None:
        return ["what takes something away, or demands something, says `-- Oldest program: NNNN`"]
    if oldest and not takes:
        return ["it says `Oldest program` and takes nothing away"]
    if oldest and int(oldest[1]) >= number:
        return ["programs do without what is taken away before it is: its own number is too late"]
    if any("VALIDATE CONSTRAINT" in each for each in statements) and any("NOT VALID" in each for each in statements):
        return ["a constraint is validated by a later migration than the one that adds it"]
    return []


def _takes_away(statement: str, made: set[str]) -> bool:
    altered = _ALTERED.search(statement)
    if altered and altered[1] in made:
        return False
    words = r"\bDROP\b|SET NOT NULL|ADD CONSTRAINT|ADD CHECK|ADD FOREIGN|ADD UNIQUE|CREATE (OR REPLACE )?(RULE|TRIGGER)"
    on_another = re.search(r"^CREATE UNIQUE INDEX .* ON RECONCILER\.(\w+)", statement.upper())
    is_unique = on_another is not None and on_another[1].lower() not in made
    trigger = re.search(r"^CREATE .*TRIGGER .* ON RECONCILER\.(\w+)", statement.upper())
    is_new = trigger is not None and trigger[1].lower() in made
    return is_unique or (re.search(words, statement, re.IGNORECASE) is not None and not is_new)
