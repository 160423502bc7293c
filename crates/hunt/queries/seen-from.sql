-- Who came from one address, and what was done from there?
-- set address
SELECT who, what, outcome, count(*) AS times, min(when_at) AS first_at, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND from_where = {{address}}
GROUP BY who, what, outcome
ORDER BY first_at, who, what, outcome
