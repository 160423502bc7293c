use super::milliseconds;

#[test]
fn both_versions_of_the_cli_mean_the_same() {
    let zulu = milliseconds("2025-04-15T03:45:48.097Z");
    assert_eq!(zulu, Some(1_744_688_748_097));
    for same in [
        "2025-04-14T22:45:48.097000-05:00",
        "2025-04-15T03:45:48.097+00:00",
        "2025-04-15 03:45:48.097+0000",
        "1744688748.097",
        "1.744688748097E9",
    ] {
        assert_eq!(milliseconds(same), zulu, "{same}");
    }
}

#[test]
fn calendar() {
    for (text, days) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-03-01T00:00:00Z", 59),
        ("1972-02-29T00:00:00Z", 789),
        ("1972-03-01T00:00:00Z", 790),
        ("2000-03-01T00:00:00Z", 11_017),
        ("2100-03-01T00:00:00Z", 47_541),
        ("1969-12-31T00:00:00Z", -1),
    ] {
        assert_eq!(milliseconds(text), Some(days * 86_400_000), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "yesterday",
        "2025-04-15",
        "2025-04-15T03:45:48",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-32T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2025-01-01T24:00:00Z",
        "2025-01-01T00:00:00.x Z",
        "+025-01-01T00:00:00Z",
        "NaN",
        "inf",
        "1e300",
        "2025-01-01T00:00:00Z+",
        "2025-01-01T00:00:00+é1",
        "T",
        "-T-",
    ] {
        assert_eq!(milliseconds(text), None, "{text}");
    }
}

#[test]
fn times_are_written_as_they_are_read() {
    for (text, milliseconds) in [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2025-04-15T03:45:48.097Z", 1_744_688_748_097),
        ("2000-02-29T23:59:59.001Z", 951_868_799_001),
    ] {
        assert_eq!(super::text(milliseconds), text);
    }
    // Every day of 400 years, at a time of its own.
    for day in -146_097..146_097_i64 {
        let time = day * 86_400_000 + day.rem_euclid(86_400) * 997;
        assert_eq!(milliseconds(&super::text(time)), Some(time), "{day}");
    }
}
