-- Whether a contact waits for another reading of who is on the list, and it is time. Parameter: connection_id.
SELECT EXISTS (SELECT FROM reconciler.pairs
               WHERE connection_id = :connection_id AND verdict = 'membership_unclear'
                 AND look_again_at <= reconciler.clock()) AS waiting;
