-- Who was refused what, most often first?
SELECT who, what, count(*) AS times, count(DISTINCT on_what) AS objects, min(when_at) AS first_at, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND outcome = 'denied'
GROUP BY who, what
ORDER BY times DESC, who, what
