"""What the tables that a statement reads are like, apart from their rows.

A table that takes another one's place, a partition that is attached, a column with another default, a view that is
made anew: all of them change what is read, and move no row's version and no row's time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler.crm.text import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A digest of them, and the names of types that PostgreSQL did not bring along. It is of the relations that are named,
#: what the views among them read, and all parts of partitioned tables; of each its columns, what makes up the generated
#: ones, the view's rule, and the policies on its rows. A name that is a column's and also a table's only makes it more
#: careful. $3 are schemas, "" where none is named, $4 names with them.
QUERY: Final = """
    (WITH RECURSIVE named AS (
        SELECT c.oid FROM unnest(CAST($3 AS text[]), CAST($4 AS text[])) AS w (schema, name)
        JOIN pg_class AS c ON c.relname = CAST(w.name AS name)
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND CASE WHEN w.schema = '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = CAST(w.schema AS name) END
     ), read (oid) AS (
        SELECT oid FROM named
        UNION
        SELECT behind.oid FROM read AS r CROSS JOIN LATERAL (
            SELECT d.refobjid FROM pg_rewrite AS w
            JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = w.oid
                               AND d.refclassid = CAST('pg_class' AS regclass)
            WHERE w.ev_class = r.oid
            UNION ALL SELECT i.inhparent FROM pg_inherits AS i WHERE i.inhrelid = r.oid
            UNION ALL SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = r.oid
        ) AS behind (oid)
     )
     SELECT jsonb_build_object(
                'digest', CAST(hashtextextended(
                    (SELECT concat(d.oid, ' ', current_user) FROM pg_database AS d WHERE d.datname = current_database())
                    || string_agg(concat_ws(' ', c.oid, c.relowner, CASE c.relkind WHEN 'v' THEN c.reloptions END,
                                            row_security_active(c.oid), a.told,
                                            w.told, p.told), ';' ORDER BY c.oid), 0
                ) AS text),
                'functions', (SELECT jsonb_agg(DISTINCT f.proname) FROM read AS r
                              JOIN pg_rewrite AS w ON w.ev_class = r.oid
                              JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = w.oid
                                                 AND d.refclassid = CAST('pg_proc' AS regclass)
                              JOIN pg_proc AS f ON f.oid = d.refobjid),
                'types', (SELECT jsonb_object_agg(a.atttypid, format_type(a.atttypid, NULL)) FROM read AS r
                          JOIN pg_attribute AS a ON a.attrelid = r.oid
                          WHERE a.attnum > 0 AND a.atttypid >= 16384))
     FROM read AS r
     JOIN pg_class AS c ON c.oid = r.oid
     CROSS JOIN LATERAL (SELECT string_agg(concat_ws(' ', a.attnum, a.attname, d.adbin), ',' ORDER BY a.attnum)
                         FROM pg_attribute AS a
                         LEFT JOIN pg_attrdef AS d
                                ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS a (told)
     CROSS JOIN LATERAL (SELECT string_agg(CAST(w.ev_action AS text), ',' ORDER BY w.rulename)
                         FROM pg_rewrite AS w WHERE w.ev_class = c.oid) AS w (told)
     CROSS JOIN LATERAL (SELECT string_agg(concat_ws(' ', p.polname, p.polcmd, p.polpermissive, p.polqual,
                                                     (SELECT bool_or(o = 0 OR pg_has_role(o, 'USAGE'))
                                                      FROM unnest(p.polroles) AS o)),
                                           ',' ORDER BY p.polname)
                         FROM pg_policy AS p WHERE p.polrelid = c.oid) AS p (told))
"""


@dataclass(frozen=True, slots=True)
class Structure:
    """The digest, "" where it is of no table; names of types by their numbers; the functions that views call."""

    digest: str
    types: Mapping[int, str] = field(default_factory=dict)
    functions: Sequence[str] = ()

    @classmethod
    def of(cls, found: Mapping[str, Any] | None) -> Structure:
        if found is None:
            return cls("")
        types = {int(oid): str(name) for oid, name in (found["types"] or {}).items()}
        return cls(found["digest"] or "", types, found.get("functions") or ())


def parameters(statement: str) -> tuple[Sequence[str], Sequence[str]]:
    """What the query asks for: schemas and names."""
    found = sorted(names(statement))
    return [schema for schema, _ in found], [name for _, name in found]
