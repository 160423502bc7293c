//! Records as CloudTrail writes them.
//!
//! Source: AWS CloudTrail User Guide, *CloudTrail record contents for management, data, and network activity events* and
//! *CloudTrail userIdentity element*. Ringwall's own AWS endpoint writes the same (docs/reference/trail.md).

use std::borrow::Cow;

use crate::audit::Body;
use crate::field::{Field, Members, Read, Text};
use crate::object::object;

/// `true`, which CloudTrail writes as a text in some places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Read<'de> for Flag {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        Some(Self(text.eq_ignore_ascii_case("true")))
    }

    fn truth(value: bool) -> Option<Self> {
        Some(Self(value))
    }
}

impl Field<Flag> {
    /// Whether it says so.
    pub fn is_set(&self) -> bool {
        self.get().is_some_and(|flag| flag.0)
    }
}

object! {
    /// One call.
    pub struct Record {
        /// Who called.
        "userIdentity" => identity: Field<Identity<'a>>,
        /// When it was completed.
        "eventTime" => time: Field<Text<'a>>,
        /// The service: `eks.amazonaws.com`.
        "eventSource" => source: Field<Text<'a>>,
        /// The action: `AssociateAccessPolicy`.
        "eventName" => name: Field<Text<'a>>,
        /// The region that was called.
        "awsRegion" => region: Field<Text<'a>>,
        /// An address, the name of a service, or `AWS Internal`.
        "sourceIPAddress" => source_ip: Field<Text<'a>>,
        /// What the client calls itself, or the service that called.
        "userAgent" => user_agent: Field<Text<'a>>,
        /// Why it failed; not there if it did not.
        "errorCode" => error_code: Field<Text<'a>>,
        /// The same in words.
        "errorMessage" => error_message: Field<Text<'a>>,
        /// What was asked.
        "requestParameters" => request: Body<'a>,
        /// What was answered, of calls that change something.
        "responseElements" => response: Body<'a>,
        /// What is not part of the call.
        "additionalEventData" => additional: Body<'a>,
        /// The request's id.
        "requestID" => request_id: Field<Text<'a>>,
        /// The record's id, which AWS chooses.
        "eventID" => id: Field<Text<'a>>,
        /// Whether the action changes nothing.
        "readOnly" => read_only: Field<Flag>,
        /// What was touched.
        "resources" => resources: Field<Vec<Resource<'a>>>,
        /// `AwsApiCall`, `AwsServiceEvent`, `AwsConsoleSignIn` …
        "eventType" => event_type: Field<Text<'a>>,
        /// `Management`, `Data`, `NetworkActivity`, `Insight`.
        "eventCategory" => category: Field<Text<'a>>,
        /// The account whose record it is.
        "recipientAccountId" => recipient: Field<Text<'a>>,
        /// What the records of one call in several accounts have in common.
        "sharedEventID" => shared_id: Field<Text<'a>>,
        /// The VPC endpoint that it came through.
        "vpcEndpointId" => vpc_endpoint: Field<Text<'a>>,
        /// The account that owns that endpoint.
        "vpcEndpointAccountId" => vpc_endpoint_account: Field<Text<'a>>,
        /// How the connection was secured.
        "tlsDetails" => tls: Field<TlsDetails<'a>>,
    }

    /// Who called.
    pub struct Identity {
        /// `Root`, `IAMUser`, `AssumedRole`, `WebIdentityUser`, `AWSService`, `AWSAccount` …
        "type" => kind: Field<Text<'a>>,
        /// The unique id; of a session `AROA…:NAME`.
        "principalId" => principal_id: Field<Text<'a>>,
        /// The ARN of the user or of the session.
        "arn" => arn: Field<Text<'a>>,
        /// The principal's account.
        "accountId" => account: Field<Text<'a>>,
        /// The access key that signed.
        "accessKeyId" => access_key: Field<Text<'a>>,
        /// The user's name; of a web identity the token's `sub`.
        "userName" => user_name: Field<Text<'a>>,
        /// Who vouches for a web identity.
        "identityProvider" => provider: Field<Text<'a>>,
        /// The AWS service that called in somebody's name.
        "invokedBy" => invoked_by: Field<Text<'a>>,
        /// How temporary credentials came about.
        "sessionContext" => session: Field<SessionContext<'a>>,
        /// For what AWS issued the credentials.
        "inScopeOf" => in_scope_of: Field<InScopeOf<'a>>,
    }

    /// How temporary credentials came about.
    pub struct SessionContext {
        /// The role, or the user.
        "sessionIssuer" => issuer: Field<SessionIssuer<'a>>,
        /// The provider that vouched.
        "webIdFederationData" => federation: Field<WebIdFederation<'a>>,
        /// When, and whether with a second factor.
        "attributes" => attributes: Field<SessionAttributes<'a>>,
        /// What no later role can change.
        "sourceIdentity" => source_identity: Field<Text<'a>>,
        /// `1.0` or `2.0`: by which version of the metadata service an instance got them.
        "ec2RoleDelivery" => ec2_role_delivery: Field<Text<'a>>,
        /// Whether it is a session of `sts:AssumeRoot`.
        "assumedRoot" => assumed_root: Field<Flag>,
    }

    /// Whose credentials they are.
    pub struct SessionIssuer {
        /// `Role`, `IAMUser`, `Root`.
        "type" => kind: Field<Text<'a>>,
        /// The unique id.
        "principalId" => principal_id: Field<Text<'a>>,
        /// The ARN.
        "arn" => arn: Field<Text<'a>>,
        /// The account.
        "accountId" => account: Field<Text<'a>>,
        /// The name.
        "userName" => name: Field<Text<'a>>,
    }

    /// The provider that vouched.
    pub struct WebIdFederation {
        /// Its ARN.
        "federatedProvider" => provider: Field<Text<'a>>,
        /// What it said, as far as that is recorded.
        "attributes" => attributes: Field<Members<'a, Text<'a>>>,
    }

    /// When a session was made.
    pub struct SessionAttributes {
        /// When.
        "creationDate" => created: Field<Text<'a>>,
        /// Whether with a second factor.
        "mfaAuthenticated" => mfa: Field<Flag>,
    }

    /// For what AWS issued credentials.
    pub struct InScopeOf {
        /// The type: `AWS::Lambda::Function`.
        "issuerType" => issuer_type: Field<Text<'a>>,
        /// The ARN.
        "credentialsIssuedTo" => issued_to: Field<Text<'a>>,
    }

    /// Something that was touched.
    pub struct Resource {
        /// Its ARN.
        "ARN" => arn: Field<Text<'a>>,
        /// Its account.
        "accountId" => account: Field<Text<'a>>,
        /// Its type.
        "type" => kind: Field<Text<'a>>,
    }

    /// How a connection was secured.
    pub struct TlsDetails {
        /// The version.
        "tlsVersion" => version: Field<Text<'a>>,
        /// The suite.
        "cipherSuite" => suite: Field<Text<'a>>,
        /// The host that was asked for.
        "clientProvidedHostHeader" => host: Field<Text<'a>>,
    }
}
