-- Who read many Secrets, one by one or all at once?
SELECT who, count(DISTINCT on_what) AS objects, sum(CASE WHEN verb = 'list' THEN 1 ELSE 0 END) AS lists, count(*) AS reads
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource = 'secrets' AND verb IN ('get', 'list') AND outcome = 'succeeded'
GROUP BY who
HAVING count(DISTINCT on_what) >= 5 OR sum(CASE WHEN verb = 'list' THEN 1 ELSE 0 END) > 0
ORDER BY objects DESC, who
