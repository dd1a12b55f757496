"""Small databases in the shape of real CRMs: the columns that the statements in `sql/crm/examples` read.

Names and types are those of the CRMs' own sources. Everything in one database is of one transaction and one time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

Row = Mapping[str, Any]

_STATEMENTS: Final = Path(__file__).resolve().parents[1] / "sql" / "crm"


#: Two people of the workspace of Twenty; elsewhere ids are short.
_ADA: Final = "00000000-0000-4000-8000-000000000001"
_JEAN: Final = "00000000-0000-4000-8000-000000000002"


@dataclass(frozen=True, slots=True)
class Schema:
    """A statement's file, its workspace, and the database for it."""

    file: str
    tables: str
    rows: str
    workspace: str | None = None


def statement(file: str) -> str:
    """Give a statement as this driver takes it; `file` is under `sql/crm`."""
    return (_STATEMENTS / file).read_text(encoding="utf-8").replace(":workspace", "%(workspace)s")


def read(conn: psycopg.Connection[dict[str, Any]], schema: Schema) -> dict[str, Row]:
    """Give what the statement returns, by contact; each contact once."""
    params = schema.workspace and {"workspace": schema.workspace}
    rows = conn.execute(statement(schema.file).encode(), params).fetchall()
    contacts = {str(row["contact_id"]): row for row in rows}
    assert len(contacts) == len(rows)
    return dict(sorted(contacts.items()))


def load(conn: psycopg.Connection[Any], schema: Schema) -> None:
    """Make and fill the tables, and commit."""
    conn.execute(schema.tables.encode())
    conn.execute(schema.rows.encode())
    conn.commit()


#: odoo/addons/base/models/res_partner.py and res_country.py, addons/mail/models/mail_blacklist.py.
ODOO: Final = Schema(
    "examples/odoo.sql",
    """
    CREATE TABLE res_country (
        id serial PRIMARY KEY, name jsonb NOT NULL, code varchar(2) NOT NULL UNIQUE, write_date timestamp
    );
    CREATE TABLE res_country_state (
        id serial PRIMARY KEY, country_id integer NOT NULL REFERENCES res_country, name varchar NOT NULL,
        code varchar NOT NULL, write_date timestamp
    );
    CREATE TABLE mail_blacklist (
        id serial PRIMARY KEY, email varchar NOT NULL UNIQUE, active boolean, write_date timestamp
    );
    CREATE TABLE res_partner (
        id serial PRIMARY KEY, name varchar, parent_id integer REFERENCES res_partner, commercial_company_name varchar,
        is_company boolean, active boolean, type varchar, function varchar, email varchar, email_normalized varchar,
        phone varchar, street varchar, street2 varchar, zip varchar, city varchar,
        state_id integer REFERENCES res_country_state, country_id integer REFERENCES res_country, write_date timestamp,
        CHECK ((type = 'contact' AND name IS NOT NULL) OR type <> 'contact')
    )
    """,
    """
    INSERT INTO res_country (id, name, code) VALUES
        (1, '{"en_US": "United States", "fr_FR": "États-Unis"}', 'US'), (2, '{"en_US": "Belgium"}', 'BE');
    INSERT INTO res_country_state (id, country_id, name, code) VALUES (1, 1, 'Oregon', 'OR'), (2, 2, 'Liège', 'WLG');
    INSERT INTO mail_blacklist (email, active) VALUES ('jean@example.com', true), ('ada@example.com', false);
    INSERT INTO res_partner (id, name, parent_id, commercial_company_name, is_company, active, type, email,
                             email_normalized)
    VALUES (1, 'Garden Centre', NULL, 'Garden Centre', true, true, 'contact', 'info@example.com', 'info@example.com'),
           (2, 'Ada Mary  King', 1, 'Garden Centre', false, true, 'contact', 'Ada <Ada@example.com>',
            'ada@example.com'),
           (3, 'Jean Moreau', NULL, 'Jean Moreau', false, true, 'contact', 'jean@example.com', 'jean@example.com'),
           (4, 'Teller', NULL, NULL, NULL, false, 'contact', 'nobody at home', NULL),
           (5, NULL, 1, 'Garden Centre', false, true, 'delivery', 'gate@example.com', 'gate@example.com');
    UPDATE res_partner SET function = 'Gardener', phone = '+1 555 0100', street = '1 Elm Road', street2 = 'Unit 2',
                           zip = '97201', city = 'Portland', state_id = 1, country_id = 1 WHERE id = 2;
    UPDATE res_partner SET state_id = 2, country_id = 2 WHERE id = 3;
    UPDATE res_country SET write_date = '2026-01-05 08:00';
    UPDATE res_country_state SET write_date = '2026-01-05 08:00';
    UPDATE mail_blacklist SET write_date = '2026-01-05 08:00';
    UPDATE res_partner SET write_date = '2026-01-05 08:00'
    """,
)

#: entityDefs of Contact, Account, EmailAddress and PhoneNumber; Email.php and ManyMany.php of Utils/Database/Orm.
ESPOCRM: Final = Schema(
    "examples/espocrm.sql",
    """
    CREATE TABLE account (
        id varchar(17) PRIMARY KEY, name varchar(249), deleted boolean DEFAULT false, modified_at timestamp(0)
    );
    CREATE TABLE contact (
        id varchar(17) PRIMARY KEY, deleted boolean DEFAULT false, first_name varchar(100), last_name varchar(100),
        do_not_call boolean NOT NULL DEFAULT false, address_street varchar(255), address_city varchar(100),
        address_state varchar(100), address_country varchar(100), address_postal_code varchar(40),
        modified_at timestamp(0), account_id varchar(17)
    );
    CREATE TABLE account_contact (
        id bigserial PRIMARY KEY, account_id varchar(17), contact_id varchar(17), role varchar(100),
        is_inactive boolean DEFAULT false, deleted boolean DEFAULT false, UNIQUE (account_id, contact_id)
    );
    CREATE TABLE email_address (
        id varchar(17) PRIMARY KEY, name varchar(255), deleted boolean DEFAULT false, lower varchar(255),
        invalid boolean NOT NULL DEFAULT false, opt_out boolean NOT NULL DEFAULT false
    );
    CREATE TABLE entity_email_address (
        id bigserial PRIMARY KEY, entity_id varchar(17), email_address_id varchar(17), entity_type varchar(100),
        "primary" boolean DEFAULT false, deleted boolean DEFAULT false,
        UNIQUE (entity_id, email_address_id, entity_type)
    );
    CREATE TABLE phone_number (
        id varchar(17) PRIMARY KEY, name varchar(36), deleted boolean DEFAULT false, type varchar(255),
        "numeric" varchar(36), invalid boolean NOT NULL DEFAULT false, opt_out boolean NOT NULL DEFAULT false
    );
    CREATE TABLE entity_phone_number (
        id bigserial PRIMARY KEY, entity_id varchar(17), phone_number_id varchar(17), entity_type varchar(100),
        "primary" boolean DEFAULT false, deleted boolean DEFAULT false, UNIQUE (entity_id, phone_number_id, entity_type)
    )
    """,
    """
    INSERT INTO account (id, name) VALUES ('garden', 'Garden Centre'), ('forest', 'Forestry');
    INSERT INTO contact (id, deleted, first_name, last_name, account_id) VALUES
        ('ada', false, 'Ada', 'King', 'garden'), ('jean', false, 'Jean', 'Moreau', 'forest'),
        ('tess', true, 'Tess', 'Past', NULL), ('omar', false, 'Omar', 'Bounce', NULL), ('una', NULL, 'Una', '', NULL);
    UPDATE contact SET address_street = '1 Elm Road', address_city = 'Portland', address_state = 'Oregon',
                       address_postal_code = '97201', address_country = 'United States' WHERE id = 'ada';
    INSERT INTO account_contact (account_id, contact_id, role, deleted) VALUES
        ('garden', 'ada', 'Gardener', false), ('forest', 'ada', 'Adviser', false), ('forest', 'jean', 'Ranger', true);
    INSERT INTO email_address (id, name, lower, opt_out, invalid) VALUES
        ('e-ada', 'Ada@example.com', 'ada@example.com', false, false),
        ('e-old', 'ada.old@example.com', 'ada.old@example.com', true, false),
        ('e-jean', 'jean@example.com', 'jean@example.com', true, false),
        ('e-tess', 'tess@example.com', 'tess@example.com', false, false),
        ('e-omar', 'omar@example.com', 'omar@example.com', false, true);
    INSERT INTO entity_email_address (entity_id, email_address_id, entity_type, "primary", deleted) VALUES
        ('ada', 'e-ada', 'Contact', true, false), ('ada', 'e-old', 'Contact', false, false),
        ('jean', 'e-jean', 'Contact', true, false), ('jean', 'e-old', 'Contact', true, true),
        ('tess', 'e-tess', 'Contact', true, false), ('omar', 'e-omar', 'Contact', true, false),
        ('una', 'e-tess', 'Lead', true, false);
    INSERT INTO phone_number (id, name, type) VALUES
        ('p-one', '+1 555 0101', 'Mobile'), ('p-two', '+1 555 0102', 'Mobile'), ('p-desk', '+1 555 0103', 'Office'),
        ('p-home', '+1 555 0104', 'Home'), ('p-other', '+1 555 0105', 'Other'), ('p-fax', '+1 555 0106', 'Fax'),
        ('p-jean', '+1 555 0107', 'Office');
    INSERT INTO entity_phone_number (entity_id, phone_number_id, entity_type, "primary") VALUES
        ('ada', 'p-one', 'Contact', false), ('ada', 'p-two', 'Contact', true), ('ada', 'p-desk', 'Contact', false),
        ('ada', 'p-home', 'Contact', NULL), ('ada', 'p-other', 'Contact', false), ('ada', 'p-fax', 'Contact', false),
        ('jean', 'p-jean', 'Contact', true)
    """,
)

#: compute-person-standard-flat-field-metadata.util.ts, the composite types, and dumps of two workspaces.
TWENTY: Final = Schema(
    "examples/twenty.sql",
    """
    CREATE SCHEMA workspace_3ixj3i1a5avy16ptijtb3lae3;
    SET search_path = workspace_3ixj3i1a5avy16ptijtb3lae3;
    CREATE TABLE company (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "updatedAt" timestamptz NOT NULL DEFAULT now(),
        "deletedAt" timestamptz, name text, "addressAddressStreet1" text, "addressAddressStreet2" text,
        "addressAddressCity" text, "addressAddressPostcode" text, "addressAddressState" text,
        "addressAddressCountry" text
    );
    CREATE TABLE person (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "updatedAt" timestamptz NOT NULL DEFAULT now(),
        "deletedAt" timestamptz, "nameFirstName" text, "nameLastName" text, "emailsPrimaryEmail" text,
        "emailsAdditionalEmails" jsonb, "jobTitle" text, "phonesPrimaryPhoneNumber" text,
        "phonesPrimaryPhoneCountryCode" text, "phonesPrimaryPhoneCallingCode" text, "phonesAdditionalPhones" jsonb,
        city text, "companyId" uuid REFERENCES company ON DELETE SET NULL
    )
    """,
    """
    INSERT INTO company VALUES
        ('00000000-0000-4000-8000-0000000000c1', '2026-01-05 08:00Z', NULL, 'Garden Centre', '1 Elm Road', 'Unit 2',
         'Portland', '97201', 'Oregon', 'United States'),
        ('00000000-0000-4000-8000-0000000000c2', '2026-01-05 08:00Z', NULL, 'Forestry', '', NULL, NULL, NULL, NULL, '');
    INSERT INTO person (id, "updatedAt", "deletedAt", "nameFirstName", "nameLastName", "emailsPrimaryEmail") VALUES
        ('00000000-0000-4000-8000-000000000001', '2026-01-05 08:00Z', NULL, 'Ada', 'King', 'ada@example.com'),
        ('00000000-0000-4000-8000-000000000002', '2026-01-05 08:00Z', NULL, 'Jean', 'Moreau', 'jean@example.com'),
        ('00000000-0000-4000-8000-000000000003', '2026-01-05 08:00Z', '2026-01-05 07:00Z', 'Tess', '', '');
    UPDATE person SET "companyId" = company.id FROM company
    WHERE person."deletedAt" IS NULL AND (company.name = 'Forestry') = ("nameFirstName" = 'Jean');
    UPDATE person SET "jobTitle" = 'Gardener', "phonesPrimaryPhoneNumber" = '5550100',
                      "phonesPrimaryPhoneCallingCode" = '+1' WHERE "nameFirstName" = 'Ada';
    UPDATE person SET "phonesPrimaryPhoneNumber" = '+32 555 0100', "phonesPrimaryPhoneCallingCode" = '+32'
    WHERE "nameFirstName" = 'Jean';
    UPDATE person SET "phonesPrimaryPhoneNumber" = '', "phonesPrimaryPhoneCallingCode" = '+1'
    WHERE "nameFirstName" = 'Tess'
    """,
)

#: Nobody's: a shape that has little in common with Sage's own table.
SHARED_TABLE: Final = Schema(
    "examples/shared_table.sql",
    """
    CREATE TABLE customer (
        tenant_id integer, customer_id bigint, email text, given_name text, family_name text, position text,
        organisation text, newsletter boolean, unsubscribed_at timestamptz, archived_at timestamptz, address_line text,
        town text, region text, zip text, country text, updated_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, customer_id)
    );
    CREATE TABLE customer_phone (
        phone_id bigserial PRIMARY KEY, tenant_id integer NOT NULL, customer_id bigint NOT NULL, kind text NOT NULL,
        number text NOT NULL, is_current boolean NOT NULL DEFAULT true, updated_at timestamptz NOT NULL,
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer
    );
    CREATE INDEX customer_phone_owner ON customer_phone (tenant_id, customer_id)
    """,
    """
    INSERT INTO customer VALUES
        (42, 1, 'ada@example.com', 'Ada', 'King', 'Gardener', 'Garden Centre', true, NULL, NULL, '1 Elm Road',
         'Portland', 'Oregon', '97201', 'United States', '2026-01-05 08:00Z');
    INSERT INTO customer (tenant_id, customer_id, email, newsletter, unsubscribed_at, archived_at, updated_at) VALUES
        (42, 2, 'jean@example.com', true, '2026-01-04 08:00Z', NULL, '2026-01-05 08:00Z'),
        (42, 3, 'tess@example.com', true, NULL, '2026-01-04 08:00Z', '2026-01-05 08:00Z'),
        (42, 4, 'una@example.com', NULL, NULL, NULL, '2026-01-05 08:00Z'),
        (43, 1, 'else@example.com', true, NULL, NULL, '2026-01-05 08:00Z');
    INSERT INTO customer_phone (tenant_id, customer_id, kind, number, is_current, updated_at) VALUES
        (42, 1, 'mobile', '+1 555 0101', false, '2026-01-05 08:00Z'),
        (42, 1, 'mobile', '+1 555 0100', true, '2026-01-05 08:00Z'),
        (42, 1, 'office', '+1 555 0103', true, '2026-01-05 08:00Z'),
        (43, 1, 'office', '+1 555 0104', true, '2026-01-05 08:00Z')
    """,
    workspace="42",
)

#: Changes of one row of one table each, after the only person whom it touches. NOW is the time as this CRM keeps it.
CHANGES: Final[Mapping[Schema, str]] = {
    ODOO: """
        2 UPDATE res_partner SET city = 'Salem', write_date = NOW WHERE id = 2
        3 UPDATE res_partner SET active = false, write_date = NOW WHERE id = 3
        6 INSERT INTO res_partner (id, name, type, write_date) VALUES (6, 'New', 'contact', NOW)
        3 UPDATE mail_blacklist SET active = false, write_date = NOW WHERE active
        2 UPDATE mail_blacklist SET active = true, write_date = NOW WHERE NOT active
        5 INSERT INTO mail_blacklist (email, active, write_date) VALUES ('gate@example.com', true, NOW)
        3 UPDATE res_country_state SET name = 'Luik', write_date = NOW WHERE id = 2
        2 UPDATE res_country SET name = '{"en_US": "USA"}', write_date = NOW WHERE id = 1
    """,
    ESPOCRM: """
        jean UPDATE contact SET deleted = true WHERE id = 'jean'
        tess UPDATE contact SET deleted = false WHERE id = 'tess'
        ada UPDATE account SET deleted = true WHERE id = 'garden'
        ada UPDATE account_contact SET deleted = true WHERE role = 'Gardener'
        jean UPDATE account_contact SET deleted = false WHERE contact_id = 'jean'
        ada UPDATE email_address SET opt_out = true WHERE id = 'e-ada'
        omar UPDATE email_address SET deleted = true WHERE id = 'e-omar'
        ada UPDATE entity_email_address SET deleted = true WHERE email_address_id = 'e-ada'
        jean UPDATE entity_email_address SET "primary" = false WHERE email_address_id = 'e-jean'
        ada INSERT INTO entity_email_address (entity_id, entity_type, deleted) VALUES ('ada', 'Contact', true)
        jean UPDATE phone_number SET invalid = true WHERE id = 'p-jean'
        ada UPDATE entity_phone_number SET deleted = true WHERE phone_number_id = 'p-desk'
        ada UPDATE entity_phone_number SET "primary" = false WHERE phone_number_id = 'p-two'
        una INSERT INTO entity_phone_number (entity_id, phone_number_id, entity_type) VALUES ('una', 'p-two', 'Contact')
    """,
    TWENTY: f"""
        {_ADA} UPDATE person SET "jobTitle" = 'Owner', "updatedAt" = NOW WHERE "nameFirstName" = 'Ada'
        {_JEAN} UPDATE person SET "deletedAt" = NOW, "updatedAt" = NOW WHERE "nameFirstName" = 'Jean'
        {_JEAN} UPDATE company SET name = 'Woods', "updatedAt" = NOW WHERE name = 'Forestry'
        {_ADA} UPDATE company SET "deletedAt" = NOW, "updatedAt" = NOW WHERE name = 'Garden Centre'
    """,
    SHARED_TABLE: """
        2 UPDATE customer SET town = 'Salem', updated_at = NOW WHERE email = 'jean@example.com'
        1 UPDATE customer SET archived_at = NOW, updated_at = NOW WHERE email = 'ada@example.com'
        1 UPDATE customer_phone SET is_current = false, updated_at = NOW WHERE number = '+1 555 0103'
        3 INSERT INTO customer_phone (tenant_id, customer_id, kind, number, updated_at) VALUES (42, 3, 'home', '5', NOW)
    """,
}
