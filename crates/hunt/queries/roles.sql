-- Which roles were made or changed?
SELECT when_at, who, what, on_what, outcome, unmapped
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource IN ('roles', 'clusterroles')
  AND verb IN ('create', 'update', 'patch', 'delete')
ORDER BY when_at, on_what
