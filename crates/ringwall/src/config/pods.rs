//! What the pod webhook injects, from the settings.

use ringwall_identity::mutate::{self, ComposeRoleArn, ContainerCredentials};

use super::settings::Settings;
use super::value::Text;

impl Settings {
    /// What pods get. Whether they could have it, its `problems` tell.
    pub(crate) fn pods(&self) -> mutate::Settings {
        let text = |text: &Text| text.0.clone();
        let account = self.identity_compose_account.value.as_ref().map(text);
        mutate::Settings {
            annotation_prefix: text(&self.identity_annotation_prefix.value),
            token_audience: text(&self.identity_token_audience.value),
            token_mount_path: text(&self.identity_token_mount_path.value),
            token_expiration: self.identity_token_expiration.value.0.into(),
            aws_default_region: self.identity_default_region.value.as_ref().map(|region| region.0.clone()),
            sts_regional_endpoint: self.identity_sts_regional_endpoint.value.0,
            container_credentials: ContainerCredentials {
                audience: text(&self.identity_credentials_audience.value),
                token_mount_path: text(&self.identity_credentials_mount_path.value),
                token_volume_name: text(&self.identity_credentials_volume_name.value),
                token_path: text(&self.identity_credentials_token_path.value),
                full_uri: text(&self.identity_credentials_full_uri.value),
            },
            compose_role_arn: self.identity_compose_role_arn.value.0.then(|| ComposeRoleArn {
                account_id: account.unwrap_or_default(),
                partition: text(&self.identity_compose_partition.value),
            }),
        }
    }
}
