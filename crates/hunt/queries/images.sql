-- Which of the requests named an image?
-- set image
SELECT when_at, who, what, on_what, outcome
FROM events
WHERE day BETWEEN {{since}} AND {{until}} AND unmapped LIKE '%"image":"%' AND strpos(unmapped, {{image}}) > 0
ORDER BY when_at, on_what
