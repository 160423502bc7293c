use anyhow::bail;

use super::*;

#[test]
fn a_failed_step_does_not_stop_the_next_one_and_fails_the_whole() {
    let mut steps = Steps::default();
    assert!(steps.run("first", || -> Result<()> { bail!("broken") }).is_none());
    assert_eq!(steps.run("second", || Ok(7)), Some(7));

    assert!(!steps.passed(false));
    let summary = steps.summary(false);
    assert!(summary.contains("FAILED  first"), "{summary}");
    assert!(summary.contains("ok      second"), "{summary}");
}

#[test]
fn what_could_not_run_is_named_and_fails_only_where_strict() {
    let mut steps = Steps::default();
    steps.run("first", || Ok(()));
    steps.gap("e2e::agrees", "no Go tool chain");

    assert!(steps.passed(false));
    assert!(!steps.passed(true));
    assert!(steps.summary(false).contains("  e2e::agrees: no Go tool chain\n"));
    assert!(steps.summary(true).contains("CI is set"));
}

#[test]
fn durations_are_short() {
    assert_eq!(short(Duration::from_millis(1_234)), "1.2s");
    assert_eq!(short(Duration::from_secs(61)), "1m01s");
}
