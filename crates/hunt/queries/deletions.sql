-- Who deleted what?
SELECT who, what, count(*) AS times, count(DISTINCT on_what) AS objects, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND verb IN ('delete', 'deletecollection') AND outcome = 'succeeded'
GROUP BY who, what
ORDER BY times DESC, who, what
