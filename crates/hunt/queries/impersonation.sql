-- Who acted in another's name?
SELECT who, as_whom, what, outcome, count(*) AS times, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND as_whom IS NOT NULL
GROUP BY who, as_whom, what, outcome
ORDER BY times DESC, who, as_whom, what, outcome
