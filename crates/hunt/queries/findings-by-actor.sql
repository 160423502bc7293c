-- Who gives rise to findings?
SELECT who, count(*) AS findings, count(DISTINCT what) AS types, max(severity_id) AS worst, max(when_at) AS last_at
FROM findings_latest
WHERE day BETWEEN {{since}} AND {{until}}
GROUP BY who
ORDER BY worst DESC, findings DESC, who
