-- Put a CRM's address that was sealed anew in the place of the old one, unless that has been replaced meanwhile.
-- Parameters: row_id, old, sealed.
UPDATE reconciler.connections SET crm_url_sealed = :sealed WHERE connection_id = :row_id AND crm_url_sealed = :old;
