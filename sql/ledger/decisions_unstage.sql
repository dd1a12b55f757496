-- Make room for the decisions of the next slice.
DROP TABLE staged_decisions;
