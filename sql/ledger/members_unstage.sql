-- Make room for the next page. A table for each would keep its locks until the transaction ends.
TRUNCATE staged_members;
