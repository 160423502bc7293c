-- Which roles were assumed, by whom and from where?
SELECT on_what, who, verb, from_where, outcome, count(*) AS times, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND log = 'cloudtrail' AND api_group = 'sts.amazonaws.com'
GROUP BY on_what, who, verb, from_where, outcome
ORDER BY times DESC, on_what, who, verb, from_where, outcome
