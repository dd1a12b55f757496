-- Who was asked for once more and is still missing is gone for good. Parameter: connection_id.
UPDATE reconciler.contacts SET is_unsure = false WHERE connection_id = :connection_id AND is_unsure;
