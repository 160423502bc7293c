-- Who got a shell in, or a connection to, which pod?
SELECT when_at, who, what, on_what, outcome, from_where, http_request['url']['query_string'] AS request, event_id
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND resource = 'pods' AND subresource IN ('exec', 'attach', 'portforward', 'ephemeralcontainers')
ORDER BY when_at, event_id
