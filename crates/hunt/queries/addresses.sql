-- From how many addresses does each actor come?
SELECT who, count(DISTINCT from_where) AS addresses, min(from_where) AS one, max(from_where) AS another, count(*) AS events
FROM events
WHERE day BETWEEN {{since}} AND {{until}}
GROUP BY who
ORDER BY addresses DESC, who
