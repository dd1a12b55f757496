-- Make room for the receipts of the next batch.
DROP TABLE staged_receipts;
