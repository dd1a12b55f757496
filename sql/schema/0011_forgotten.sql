-- People whom somebody had forgotten: keyed hashes keep them off, whatever the CRM goes on to say of them.

CREATE TABLE reconciler.forgotten_addresses (
    address_hash bytea PRIMARY KEY,
    forgotten_at timestamptz NOT NULL
);
COMMENT ON TABLE reconciler.forgotten_addresses IS 'Addresses of people who were forgotten, for all connections: nothing of who has one comes into the ledger.';
COMMENT ON COLUMN reconciler.forgotten_addresses.address_hash IS 'Keyed hash of the folded address.';
COMMENT ON COLUMN reconciler.forgotten_addresses.forgotten_at IS 'When; our clock.';

CREATE TABLE reconciler.forgotten_contacts (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    contact_hash bytea NOT NULL,
    forgotten_at timestamptz NOT NULL,
    PRIMARY KEY (connection_id, contact_hash)
);
COMMENT ON TABLE reconciler.forgotten_contacts IS 'Contacts of people who were forgotten: they stay off under another address too.';
COMMENT ON COLUMN reconciler.forgotten_contacts.connection_id IS 'Whose contact it is.';
COMMENT ON COLUMN reconciler.forgotten_contacts.contact_hash IS 'Keyed hash of the CRM''s id of the contact.';
COMMENT ON COLUMN reconciler.forgotten_contacts.forgotten_at IS 'When; our clock.';

ALTER TABLE reconciler.contacts ADD COLUMN is_forgotten boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.contacts.is_forgotten IS 'Stands for somebody who was forgotten, so that the sums meet: without address and fields, under a name made of a hash.';
COMMENT ON COLUMN reconciler.contacts.contact_id IS 'The CRM''s id of the contact; of who was forgotten a hash of it.';
