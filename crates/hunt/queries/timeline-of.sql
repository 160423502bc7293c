-- What did one actor do, in order?
-- set who
SELECT when_at, what, on_what, outcome, from_where, to_where, event_id
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND (who = {{who}} OR as_whom = {{who}})
ORDER BY when_at, event_id
