-- Who changed admission webhooks?
SELECT when_at, who, what, on_what, outcome
FROM events
WHERE day BETWEEN {{since}} AND {{until}}
  AND resource IN ('mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies')
  AND verb IN ('create', 'update', 'patch', 'delete')
ORDER BY when_at, on_what
