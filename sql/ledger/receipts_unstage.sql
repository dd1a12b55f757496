-- Make room for the next receipts. A table for each would keep its locks until the transaction ends.
TRUNCATE staged_receipts;
