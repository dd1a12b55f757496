-- Make room for the next page.
DROP TABLE staged_members;
