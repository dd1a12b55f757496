-- Forget the drafts that nobody can go on with any more, with their secrets.
DELETE FROM reconciler.console_drafts WHERE good_until <= reconciler.clock();
