-- Who was seen on a day for the first time?
-- set day
SELECT who, min(when_at) AS first_at, count(*) AS events
FROM events
WHERE day <= {{day}}
GROUP BY who
HAVING min(day) = {{day}}
ORDER BY first_at, who
