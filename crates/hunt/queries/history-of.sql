-- Who touched one object, in order?
-- set object
SELECT when_at, who, what, outcome, from_where, event_id
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND on_what = {{object}}
ORDER BY when_at, event_id
