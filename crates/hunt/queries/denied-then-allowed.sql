-- Who was refused something and got it later?
SELECT refused.who, refused.what, refused.on_what, min(refused.when_at) AS refused_at, min(got.when_at) AS got_at
FROM events AS refused
JOIN events AS got ON refused.who = got.who AND refused.what = got.what AND refused.on_what = got.on_what
WHERE refused.day BETWEEN {{since}} AND {{until}} AND got.day BETWEEN {{since}} AND {{until}}
  AND refused.outcome = 'denied' AND got.outcome = 'succeeded' AND got.when_at > refused.when_at
GROUP BY refused.who, refused.what, refused.on_what
ORDER BY got_at, refused.who, refused.what, refused.on_what
