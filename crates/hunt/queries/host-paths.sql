-- Which workloads were asked for that mount folders of the node?
SELECT when_at, who, what, on_what, outcome, unmapped
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND unmapped LIKE '%"hostPath":%'
ORDER BY when_at, on_what
