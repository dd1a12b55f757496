-- Make room for the decisions of the next slice. A table for each would keep its locks, and a transaction of a million
-- contacts has more slices than the server has room for locks.
TRUNCATE staged_decisions;
