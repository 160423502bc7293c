//! `AssumeRoleWithWebIdentity`, with a live issuer.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Client, Harness, OTHER, Reply, policy, request};
use crate::issuer::{Issuer, Key, claims, with};
use crate::sts::{role, statements};
use crate::sts_trail::of;

const AUDIENCE: &str = "sts.amazonaws.com";
const SUBJECT: &str = "system:serviceaccount:shop:checkout";
const REFUSED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

struct Setup {
    issuer: Issuer,
    harness: Harness,
}

impl Setup {
    /// An account that knows the issuer.
    async fn new() -> Self {
        let issuer = Issuer::start().await;
        let harness = Harness::with(Default::default(), issuer.settings()).await;
        provider(&harness.admin(), &issuer.url).await;
        Self { issuer, harness }
    }

    fn provider(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}", self.issuer.name())
    }

    fn key(&self, claim: &str) -> String {
        format!("{}:{claim}", self.issuer.name())
    }

    /// A trust policy as that of IRSA, for some actions.
    fn trust(&self, actions: Value) -> Value {
        statements(json!([{
            "Effect": "Allow",
            "Principal": { "Federated": self.provider() },
            "Action": actions,
            "Condition": { "StringEquals": { self.key("sub"): SUBJECT, self.key("aud"): AUDIENCE } },
        }]))
    }

    fn claims(&self) -> Value {
        claims(&self.issuer.url, AUDIENCE, self.harness.now() / 1000)
    }

    fn token(&self, changes: Value) -> String {
        self.issuer.key.sign(&with(&self.claims(), &changes))
    }

    async fn assume(&self, name: &str, token: &str) -> Reply {
        self.harness.send(unsigned(&arn(name), token, "")).await
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

async fn provider(client: &Client<'_>, url: &str) {
    let input = json!({ "Url": url, "ClientIDList": [AUDIENCE] });
    client.call("iam", "CreateOpenIDConnectProvider", input).await.ok();
}

fn unsigned(role: &str, token: &str, more: &str) -> ringwall_server::Request {
    let body = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={role}&RoleSessionName=pod&WebIdentityToken={token}{more}"
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    request(Method::POST, "/", &form, body.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_gets_its_role() {
    let setup = Setup::new().await;
    let admin = setup.harness.admin();
    let web = json!("sts:AssumeRoleWithWebIdentity");
    role(&admin, "checkout", &setup.trust(web), Some(policy("Allow", "iam:ListUsers", "*"))).await;
    let token = setup.token(json!({}));
    let reply = setup.assume("checkout", &token).await;
    let value = reply.ok();
    assert_eq!(value["SubjectFromWebIdentityToken"], SUBJECT);
    assert_eq!(value["Audience"], AUDIENCE);
    assert_eq!(value["Provider"], setup.provider());
    let named = format!("arn:aws:sts::{ACCOUNT}:assumed-role/checkout/pod");
    assert_eq!(value["AssumedRoleUser"]["Arn"], named);
    let credentials = value["Credentials"].clone();
    admin.session(&credentials).call("iam", "ListUsers", json!({})).await.ok();

    let Setup { issuer, harness } = setup;
    let harness = harness.restart().await;
    let session = harness.admin().session(&credentials);
    session.call("iam", "ListUsers", json!({})).await.ok();
    session.call("iam", "ListRoles", json!({})).await.denied("no identity-based policy");

    let records = harness.records(ACCOUNT).await;
    let begun = of(&records, "AssumeRoleWithWebIdentity");
    let [begun] = begun.as_slice() else { panic!("{begun:?}") };
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}", issuer.name());
    assert_eq!(
        begun["userIdentity"],
        json!({
            "type": "WebIdentityUser",
            "principalId": format!("{provider}:{AUDIENCE}:{SUBJECT}"),
            "userName": SUBJECT,
            "identityProvider": provider,
        })
    );
    assert_eq!(begun["recipientAccountId"], ACCOUNT);
    assert_eq!(begun["resources"][0]["ARN"], arn("checkout"));
    assert_eq!(begun["requestParameters"]["webIdentityToken"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(begun["responseElements"]["subjectFromWebIdentityToken"], SUBJECT);
    let listed = of(&records, "ListUsers");
    let context = &listed[0]["userIdentity"]["sessionContext"];
    assert_eq!(context["webIdFederationData"]["federatedProvider"], provider);
    assert_eq!(context["webIdFederationData"]["attributes"][format!("{}:sub", issuer.name())], SUBJECT);
    assert_eq!(context["sessionIssuer"]["arn"], arn("checkout"));
    // Neither the token nor what it was changed for is kept anywhere.
    let kept = harness.bytes().await;
    for secret in [
        &token,
        credentials["SecretAccessKey"].as_str().unwrap(),
        credentials["SessionToken"].as_str().unwrap(),
    ] {
        let piece = &secret.as_bytes()[secret.len() - 24..];
        assert!(!kept.windows(piece.len()).any(|window| window == piece));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_tells_nothing_of_the_role() {
    let setup = Setup::new().await;
    let admin = setup.harness.admin();
    role(&admin, "checkout", &setup.trust(json!("sts:AssumeRoleWithWebIdentity")), None).await;
    let (now, forger) = (setup.harness.now() / 1000, Key::new("issuer-1"));
    let good = setup.claims();
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let sign = |header: &Value| setup.issuer.key.sign_with(header, &good);
    let none = format!("{}.", sign(&header("none", "issuer-1")).rsplit_once('.').unwrap().0);
    let mut altered = setup.token(json!({})).into_bytes();
    let last = altered.len() - 10;
    altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
    let invalid = "InvalidIdentityToken";
    let cases = [
        ("audience", setup.token(json!({ "aud": ["pods.eks.amazonaws.com"] })), invalid),
        ("no audience", setup.token(json!({ "aud": null })), invalid),
        ("no subject", setup.token(json!({ "sub": null })), invalid),
        ("expired", setup.token(json!({ "exp": now - 1 })), "ExpiredTokenException"),
        ("no expiry", setup.token(json!({ "exp": null })), invalid),
        ("no time", setup.token(json!({ "iat": null })), invalid),
        ("from the future", setup.token(json!({ "iat": now + 3600 })), invalid),
        ("not yet", setup.token(json!({ "nbf": now + 3600 })), invalid),
        ("unknown issuer", setup.token(json!({ "iss": "https://oidc.example.com" })), invalid),
        ("other path", setup.token(json!({ "iss": setup.issuer.url.to_lowercase() })), invalid),
        ("no https", setup.token(json!({ "iss": setup.issuer.url.replace("https", "http") })), invalid),
        ("another's key", forger.sign(&good), invalid),
        ("unknown key", sign(&header("ES256", "issuer-2")), invalid),
        ("no signature", none, invalid),
        ("symmetric", sign(&header("HS256", "issuer-1")), invalid),
        ("altered", String::from_utf8(altered).unwrap(), invalid),
        ("no token", "no-token-at-all".to_owned(), invalid),
    ];
    for (what, token, code) in cases {
        let (here, missing) = (setup.assume("checkout", &token).await, setup.assume("missing", &token).await);
        assert_eq!(here.code(), code, "{what}: {}", here.text);
        assert_eq!((here.status, here.message()), (missing.status, missing.message()), "{what}");
    }
    setup.assume("checkout", &setup.token(json!({}))).await.ok();
    // A provider counts in its own account alone.
    let theirs =
        role(&setup.harness.other(), "checkout", &setup.trust(json!("sts:AssumeRoleWithWebIdentity")), None)
            .await;
    let reply = setup.harness.send(unsigned(&theirs, &setup.token(json!({})), "")).await;
    assert!(
        theirs.contains(OTHER) && reply.message().contains("No OpenIDConnect provider found"),
        "{}",
        reply.text
    );
    for request in [
        unsigned("arn:aws:iam::111122223333:user/x", &setup.token(json!({})), ""),
        unsigned(&arn("checkout"), &setup.token(json!({})), "&DurationSeconds=899"),
        unsigned(&arn("checkout"), &setup.token(json!({})), "&DurationSeconds=3601"),
        unsigned(&arn("checkout"), &setup.token(json!({})), "&ProviderId=www.amazon.com"),
    ] {
        assert_eq!(setup.harness.send(request).await.code(), "ValidationError");
    }
    let input = json!({ "OpenIDConnectProviderArn": setup.provider() });
    admin.call("iam", "DeleteOpenIDConnectProvider", input).await.ok();
    assert_eq!(setup.assume("checkout", &setup.token(json!({}))).await.code(), invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trust_policy_decides() {
    let setup = Setup::new().await;
    let admin = setup.harness.admin();
    let web = json!("sts:AssumeRoleWithWebIdentity");
    let plain = setup.trust(web.clone());
    let mut denying = plain.clone();
    denying["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "Principal": "*", "Action": "sts:*",
        "Condition": { "StringLike": { "sts:RoleSessionName": "p*" } },
    }));
    let other = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com");
    let aws = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "sts:*" },
    ] });
    let cases = [
        ("checkout", plain.clone(), SUBJECT, true),
        ("another", plain.clone(), "system:serviceaccount:shop:cart", false),
        ("assume", setup.trust(json!("sts:AssumeRole")), SUBJECT, false),
        ("denying", denying, SUBJECT, false),
        (
            "provider",
            serde_json::from_str(&plain.to_string().replace(&setup.provider(), &other)).unwrap(),
            SUBJECT,
            false,
        ),
        ("aws", aws, SUBJECT, false),
    ];
    for (name, trust, subject, allowed) in cases {
        role(&admin, name, &trust, None).await;
        let reply = setup.assume(name, &setup.token(json!({ "sub": subject }))).await;
        if allowed {
            reply.ok();
        } else {
            assert_eq!(
                (reply.status, reply.code(), reply.message()),
                (403, "AccessDenied", REFUSED),
                "{name}"
            );
        }
    }
    // A role that is not there refuses in the same words.
    let missing = setup.assume("missing", &setup.token(json!({}))).await;
    assert_eq!((missing.status, missing.code(), missing.message()), (403, "AccessDenied", REFUSED));
    let records = setup.harness.records(ACCOUNT).await;
    let refused: Vec<&Value> = of(&records, "AssumeRoleWithWebIdentity")
        .into_iter()
        .filter(|record| record["errorCode"] == "AccessDenied")
        .collect();
    assert_eq!(refused.len(), 6);
    assert_eq!(refused[2]["additionalEventData"]["decision"]["outcome"], "ExplicitlyDenied");
    for record in refused {
        assert_eq!(record["userIdentity"]["type"], "WebIdentityUser");
        assert_eq!(record["errorMessage"], REFUSED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_besides_has_no_part_in_it() {
    let setup = Setup::new().await;
    let admin = setup.harness.admin();
    role(&admin, "checkout", &setup.trust(json!("sts:AssumeRoleWithWebIdentity")), None).await;
    let nobody = admin.user("nobody", Some(policy("Deny", "*", "*"))).await;
    let unsigned = || unsigned(&arn("checkout"), &setup.token(json!({})), "");
    setup.harness.send(nobody.sign("sts", unsigned())).await.ok();
    let stranger = setup.harness.other();
    setup.harness.send(stranger.sign("sts", unsigned())).await.ok();
    // The stranger's account learns nothing of it, and ours who it was.
    assert_eq!(of(&setup.harness.records(OTHER).await, "AssumeRoleWithWebIdentity"), Vec::<&Value>::new());
    let records = setup.harness.records(ACCOUNT).await;
    for record in of(&records, "AssumeRoleWithWebIdentity") {
        assert_eq!(record["userIdentity"]["type"], "WebIdentityUser");
    }
    let wrong = setup.harness.with_key(&admin.key, "wrong", None).sign("sts", unsigned());
    assert_eq!(setup.harness.send(wrong).await.code(), "SignatureDoesNotMatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_bring_tags_and_a_source_identity() {
    let setup = Setup::new().await;
    let admin = setup.harness.admin();
    let of_team = statements(json!([
        { "Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::*:user/${aws:PrincipalTag/team}" },
        { "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
          "Condition": { "StringEquals": { "aws:SourceIdentity": "checkout-owner" } } },
    ]));
    let all = json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]);
    role(&admin, "checkout", &setup.trust(all), Some(of_team)).await;
    role(&admin, "plain", &setup.trust(json!("sts:AssumeRoleWithWebIdentity")), None).await;
    let tagged = json!({ "https://aws.amazon.com/tags": {
        "principal_tags": { "team": ["administrator"], "stage": "prod" }, "transitive_tag_keys": ["team"],
    } });
    let reply = setup.assume("checkout", &setup.token(tagged.clone())).await;
    let session = admin.session(&reply.ok()["Credentials"]);
    session.call("iam", "GetUser", json!({ "UserName": "administrator" })).await.ok();
    session.call("iam", "GetUser", json!({ "UserName": "nobody" })).await.denied("no identity-based policy");
    session.call("iam", "ListUsers", json!({})).await.denied("no identity-based policy");
    let owned = json!({ "https://aws.amazon.com/source_identity": "checkout-owner" });
    let reply = setup.assume("checkout", &setup.token(owned.clone())).await;
    assert_eq!(reply.ok()["SourceIdentity"], "checkout-owner");
    admin.session(&reply.ok()["Credentials"]).call("iam", "ListUsers", json!({})).await.ok();
    for claims in [tagged, owned] {
        assert_eq!(setup.assume("plain", &setup.token(claims)).await.message(), REFUSED);
    }
    let wrong = |claims: Value| json!({ "https://aws.amazon.com/tags": claims });
    for claims in [
        wrong(json!("team")),
        wrong(json!({ "principal_tags": { "team": ["a", "b"] } })),
        wrong(json!({ "principal_tags": { "team": "x".repeat(257) } })),
        json!({ "https://aws.amazon.com/source_identity": 7 }),
    ] {
        let token = setup.token(claims);
        let (here, missing) = (setup.assume("checkout", &token).await, setup.assume("missing", &token).await);
        assert_eq!(here.code(), "InvalidIdentityToken");
        assert_eq!(here.message(), missing.message());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_away_is_told_from_a_wrong_token() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    settings.allow.push(format!("localhost:{gone}").parse().unwrap());
    let harness = Harness::with(Default::default(), settings).await;
    let url = format!("https://localhost:{gone}");
    provider(&harness.admin(), &url).await;
    // Nor is what nobody listed ever asked, wherever it is.
    provider(&harness.admin(), "https://localhost:1").await;
    for (url, code) in
        [(url.as_str(), "IDPCommunicationError"), ("https://localhost:1", "InvalidIdentityToken")]
    {
        let token = issuer.key.sign(&claims(url, AUDIENCE, harness.now() / 1000));
        let reply = harness.send(unsigned(&arn("checkout"), &token, "")).await;
        assert_eq!(reply.code(), code, "{}", reply.text);
        assert!(!reply.message().contains("127.0.0.1"), "{}", reply.text);
    }
}
