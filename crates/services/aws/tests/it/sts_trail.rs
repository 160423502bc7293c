//! STS: what the trail tells of its calls.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Harness, OTHER, policy, trust};
use crate::sts::{assume, role};

/// The records of an operation.
pub(crate) fn of<'r>(records: &'r [Value], operation: &str) -> Vec<&'r Value> {
    records.iter().filter(|record| record["eventName"] == operation).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_accounts_keep_a_record_of_an_assumed_role() {
    let harness = Harness::new().await;
    let arn = role(&harness.admin(), "shared", &trust(&format!("arn:aws:iam::{OTHER}:root")), None).await;
    let guest = harness.other().user("guest", Some(policy("Allow", "sts:AssumeRole", "*"))).await;
    let reply = assume(&guest, &arn, json!({})).await;
    let credentials = reply.ok()["Credentials"].clone();
    let session = guest.session(&credentials);
    session.call("iam", "ListUsers", json!({})).await.denied("no identity-based policy");

    let (own, foreign) = (harness.records(ACCOUNT).await, harness.records(OTHER).await);
    let (here, there) = (of(&own, "AssumeRole"), of(&foreign, "AssumeRole"));
    let ([here], [there]) = (here.as_slice(), there.as_slice()) else { panic!("{here:?} {there:?}") };
    assert!(here["sharedEventID"].is_string());
    assert_eq!(here["sharedEventID"], there["sharedEventID"]);
    assert_ne!(here["eventID"], there["eventID"]);
    assert_eq!((&here["recipientAccountId"], &there["recipientAccountId"]), (&json!(ACCOUNT), &json!(OTHER)));
    assert_eq!(there["userIdentity"]["type"], "IAMUser");
    assert_eq!(there["userIdentity"]["userName"], "guest");
    assert_eq!(there["userIdentity"]["accessKeyId"], guest.key);
    assert_eq!(here["userIdentity"]["type"], "AWSAccount");
    assert_eq!(here["userIdentity"]["accountId"], OTHER);
    assert_eq!(here["userIdentity"]["principalId"], there["userIdentity"]["principalId"]);
    assert_eq!(here["userIdentity"]["arn"], Value::Null);
    for record in [here, there] {
        assert_eq!(record["eventSource"], "sts.amazonaws.com");
        assert_eq!(record["readOnly"], true);
        assert_eq!(record["requestParameters"]["roleArn"], arn);
        assert_eq!(record["requestParameters"]["roleSessionName"], "session");
        assert_eq!(
            record["resources"],
            json!([{ "accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": arn }])
        );
        let answer = &record["responseElements"];
        assert_eq!(answer["credentials"]["accessKeyId"], credentials["AccessKeyId"]);
        assert_eq!(answer["credentials"]["sessionToken"], "HIDDEN_DUE_TO_SECURITY_REASONS");
        assert_eq!(answer["credentials"]["secretAccessKey"], "HIDDEN_DUE_TO_SECURITY_REASONS");
        assert_eq!(
            answer["assumedRoleUser"],
            json!({
                "arn": reply.ok()["AssumedRoleUser"]["Arn"],
                "assumedRoleId": reply.ok()["AssumedRoleUser"]["AssumedRoleId"],
            })
        );
    }

    let refused = of(&own, "ListUsers");
    let [refused] = refused.as_slice() else { panic!("{refused:?}") };
    let identity = &refused["userIdentity"];
    assert_eq!(identity["type"], "AssumedRole");
    assert_eq!(identity["arn"], reply.ok()["AssumedRoleUser"]["Arn"]);
    assert_eq!(identity["accessKeyId"], credentials["AccessKeyId"]);
    let issuer = &identity["sessionContext"]["sessionIssuer"];
    assert_eq!(
        (&issuer["type"], &issuer["arn"], &issuer["userName"]),
        (&json!("Role"), &json!(arn), &json!("shared"))
    );
    assert_eq!(identity["sessionContext"]["attributes"]["mfaAuthenticated"], "false");
    assert_eq!(refused["errorCode"], "AccessDenied");
    assert_eq!(refused["additionalEventData"]["decision"]["outcome"], "ImplicitlyDenied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_recorded_with_its_decision_and_where_it_was_asked() {
    let harness = Harness::new().await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" },
        { "Sid": "NoGuests", "Effect": "Deny", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") }, "Action": "sts:*" },
    ] });
    let arn = role(&harness.admin(), "closed", &deny, None).await;
    assume(&harness.other(), &arn, json!({})).await.denied("explicit deny in the role trust policy");
    let records = harness.records(OTHER).await;
    let refused = of(&records, "AssumeRole");
    let [refused] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!(refused["errorCode"], "AccessDenied");
    assert!(refused["errorMessage"].as_str().unwrap().contains("explicit deny"));
    assert_eq!(refused["responseElements"], Value::Null);
    let decision = &refused["additionalEventData"]["decision"];
    assert_eq!(decision["action"], "sts:AssumeRole");
    assert_eq!(decision["resource"], arn);
    assert_eq!(decision["statements"][0]["sid"], "NoGuests");
    // Strangers who are refused don't fill the trail of whom they ask.
    assert_eq!(of(&harness.records(ACCOUNT).await, "AssumeRole"), Vec::<&Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_anything_that_is_kept() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = role(&admin, "worker", &trust(&format!("arn:aws:iam::{ACCOUNT}:root")), None).await;
    let mut secrets = Vec::new();
    let replies =
        [assume(&admin, &arn, json!({})).await, admin.call("sts", "GetSessionToken", json!({})).await];
    for reply in &replies {
        for name in ["SecretAccessKey", "SessionToken"] {
            secrets.push(reply.ok()["Credentials"][name].as_str().unwrap().to_owned());
        }
        admin.session(&reply.ok()["Credentials"]).call("sts", "GetCallerIdentity", json!({})).await.ok();
    }
    let records = harness.records(ACCOUNT).await;
    let of_session = of(&records, "GetCallerIdentity");
    assert_eq!(of_session[0]["userIdentity"]["type"], "AssumedRole");
    assert_eq!(of_session[1]["userIdentity"]["type"], "IAMUser");
    assert!(of_session[1]["userIdentity"]["sessionContext"]["attributes"]["creationDate"].is_string());
    let session_token = of(&records, "GetSessionToken");
    // Which key was given is told, so that what is done with it can be found.
    assert_eq!(
        session_token[0]["responseElements"]["credentials"]["accessKeyId"],
        of_session[1]["userIdentity"]["accessKeyId"]
    );
    let kept = harness.bytes().await;
    for secret in secrets {
        // A piece will do: tokens may be cut.
        let piece = &secret.as_bytes()[secret.len() - 24..];
        assert!(!kept.windows(piece.len()).any(|window| window == piece), "{secret}");
    }
}
