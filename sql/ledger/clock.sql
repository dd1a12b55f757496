-- What time it is, by the clock that decides.
SELECT reconciler.clock();
