-- Who asked for client certificates, and who approved them?
SELECT when_at, who, what, on_what, outcome, from_where
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource = 'certificatesigningrequests'
ORDER BY when_at, on_what
