-- Which roles were bound to whom?
SELECT when_at, who, what, on_what, outcome, unmapped
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource IN ('rolebindings', 'clusterrolebindings')
  AND verb IN ('create', 'update', 'patch', 'delete')
ORDER BY when_at, on_what
