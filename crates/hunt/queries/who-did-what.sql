-- Who did what, how often, and when last?
SELECT who, what, outcome, count(*) AS times, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}}
GROUP BY who, what, outcome
ORDER BY times DESC, who, what, outcome
