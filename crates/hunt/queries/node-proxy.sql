-- Who spoke to kubelets, or to pods and Services, through the apiserver?
SELECT when_at, who, what, on_what, outcome, from_where
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND subresource = 'proxy'
ORDER BY when_at, on_what
