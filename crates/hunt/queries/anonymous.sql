-- What was called without saying who calls?
SELECT what, on_what, outcome, from_where, count(*) AS times, min(when_at) AS first_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND who = 'system:anonymous'
GROUP BY what, on_what, outcome, from_where
ORDER BY times DESC, what, on_what, outcome, from_where
