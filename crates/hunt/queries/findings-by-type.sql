-- What was found, how often, and how bad is it?
SELECT what, severity, count(*) AS findings, sum(count) AS times, max(when_at) AS last_at
FROM findings_latest
WHERE day BETWEEN {{since}} AND {{until}}
GROUP BY what, severity
ORDER BY findings DESC, what, severity
