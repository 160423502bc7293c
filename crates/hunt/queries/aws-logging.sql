-- Who turned logs off, or changed them?
SELECT when_at, who, what, on_what, outcome, from_where
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND log = 'cloudtrail'
  AND verb IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'UpdateClusterConfig', 'DeleteLogGroup',
               'DeleteLogStream', 'PutRetentionPolicy', 'DeleteFlowLogs', 'DeleteDetector')
ORDER BY when_at, on_what
