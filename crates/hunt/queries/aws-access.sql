-- Who changed who gets into clusters from AWS?
SELECT when_at, who, what, on_what, outcome, from_where
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND log = 'cloudtrail' AND api_group = 'eks.amazonaws.com'
  AND verb IN ('CreateAccessEntry', 'UpdateAccessEntry', 'DeleteAccessEntry', 'AssociateAccessPolicy',
               'DisassociateAccessPolicy', 'CreatePodIdentityAssociation', 'UpdatePodIdentityAssociation',
               'AssociateIdentityProviderConfig')
ORDER BY when_at, on_what
