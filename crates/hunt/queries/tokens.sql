-- Who had tokens of service accounts issued?
SELECT who, on_what, outcome, count(*) AS times, max(when_at) AS last_at
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource = 'serviceaccounts' AND subresource = 'token'
GROUP BY who, on_what, outcome
ORDER BY times DESC, who, on_what, outcome
