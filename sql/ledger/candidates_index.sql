-- Slices of many candidates are taken one by one, in their order.
CREATE UNIQUE INDEX ON candidate_groups (address_group);
