-- Which findings are high or critical?
SELECT when_at, severity, what, who, on_what, from_where, count, finding_id
FROM findings_latest
WHERE day BETWEEN {{since}} AND {{until}} AND severity_id >= 4
ORDER BY severity_id DESC, when_at, finding_id
