-- Which clients are seldom seen?
SELECT user_agent, count(*) AS events, count(DISTINCT who) AS actors, min(who) AS one_actor, min(when_at) AS first_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND user_agent IS NOT NULL
GROUP BY user_agent
HAVING count(*) <= 10
ORDER BY events, user_agent
