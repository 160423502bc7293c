-- How much happened on each day, and how much of it was refused?
SELECT day, account, region, log, count(*) AS events, sum(CASE WHEN outcome = 'denied' THEN 1 ELSE 0 END) AS denied
FROM events
WHERE day BETWEEN {{since}} AND {{until}}
GROUP BY day, account, region, log
ORDER BY day, account, region, log
