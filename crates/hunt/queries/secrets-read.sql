-- Who read which Secrets?
SELECT who, on_what, verb, outcome, count(*) AS times, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource = 'secrets' AND verb IN ('get', 'list', 'watch')
GROUP BY who, on_what, verb, outcome
ORDER BY times DESC, who, on_what, verb, outcome
