-- Tell the planner how many are in the staging table, which nothing else does: it is this transaction's own.
ANALYZE staged_listed;
