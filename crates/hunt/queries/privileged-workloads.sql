-- Which workloads were asked for that are privileged or share the node's namespaces?
SELECT when_at, who, what, on_what, outcome, unmapped
FROM events
WHERE day BETWEEN {{since}} AND {{until}}
  AND (unmapped LIKE '%"privileged":true%' OR unmapped LIKE '%"hostPID":true%' OR unmapped LIKE '%"hostNetwork":true%'
       OR unmapped LIKE '%"hostIPC":true%')
ORDER BY when_at, on_what
