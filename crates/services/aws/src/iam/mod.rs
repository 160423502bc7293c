//! AWS IAM: who there is, and what they may do.

mod access_keys;
mod account;
mod attach;
mod boundary;
mod context_keys;
mod create;
mod details;
pub(crate) mod entity;
mod fault;
mod groups;
mod inline;
mod limits;
pub(crate) mod managed;
mod oidc;
mod page;
mod policies;
mod positions;
mod profiles;
mod roles;
pub(crate) mod rows;
mod shown;
mod simulate;
mod tags;
mod users;
mod versions;

use crate::handler::{Handler, handlers};
use rows::{Group, InstanceProfile, ManagedPolicy, OidcProvider, Role, User};

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "AddClientIDToOpenIDConnectProvider" => oidc::add_client,
        "AddRoleToInstanceProfile" => profiles::add_role_to_instance_profile,
        "AddUserToGroup" => groups::add_user_to_group,
        "AttachGroupPolicy" => attach::attach::<Group>,
        "AttachRolePolicy" => attach::attach::<Role>,
        "AttachUserPolicy" => attach::attach::<User>,
        "CreateAccessKey" => access_keys::create_access_key,
        "CreateAccountAlias" => account::create_account_alias,
        "CreateGroup" => groups::create_group,
        "CreateInstanceProfile" => profiles::create_instance_profile,
        "CreateOpenIDConnectProvider" => oidc::create_provider,
        "CreatePolicy" => policies::create_policy,
        "CreatePolicyVersion" => versions::create_policy_version,
        "CreateRole" => roles::create_role,
        "CreateUser" => users::create_user,
        "DeleteAccessKey" => access_keys::delete_access_key,
        "DeleteAccountAlias" => account::delete_account_alias,
        "DeleteGroup" => groups::delete_group,
        "DeleteGroupPolicy" => inline::delete_policy::<Group>,
        "DeleteInstanceProfile" => profiles::delete_instance_profile,
        "DeleteOpenIDConnectProvider" => oidc::delete_provider,
        "DeletePolicy" => policies::delete_policy,
        "DeletePolicyVersion" => versions::delete_policy_version,
        "DeleteRole" => roles::delete_role,
        "DeleteRolePermissionsBoundary" => boundary::delete_boundary::<Role>,
        "DeleteRolePolicy" => inline::delete_policy::<Role>,
        "DeleteUser" => users::delete_user,
        "DeleteUserPermissionsBoundary" => boundary::delete_boundary::<User>,
        "DeleteUserPolicy" => inline::delete_policy::<User>,
        "DetachGroupPolicy" => attach::detach::<Group>,
        "DetachRolePolicy" => attach::detach::<Role>,
        "DetachUserPolicy" => attach::detach::<User>,
        "GetAccountAuthorizationDetails" => details::get_account_authorization_details,
        "GetAccountSummary" => account::get_account_summary,
        "GetContextKeysForCustomPolicy" => context_keys::of_custom,
        "GetContextKeysForPrincipalPolicy" => context_keys::of_principal,
        "GetGroup" => groups::get_group,
        "GetGroupPolicy" => inline::get_policy::<Group>,
        "GetInstanceProfile" => profiles::get_instance_profile,
        "GetOpenIDConnectProvider" => oidc::get_provider,
        "GetPolicy" => policies::get_policy,
        "GetPolicyVersion" => versions::get_policy_version,
        "GetRole" => roles::get_role,
        "GetRolePolicy" => inline::get_policy::<Role>,
        "GetUser" => users::get_user,
        "GetUserPolicy" => inline::get_policy::<User>,
        "ListAccessKeys" => access_keys::list_access_keys,
        "ListAccountAliases" => account::list_account_aliases,
        "ListAttachedGroupPolicies" => attach::list::<Group>,
        "ListAttachedRolePolicies" => attach::list::<Role>,
        "ListAttachedUserPolicies" => attach::list::<User>,
        "ListEntitiesForPolicy" => policies::list_entities_for_policy,
        "ListGroupPolicies" => inline::list::<Group>,
        "ListGroups" => groups::list_groups,
        "ListGroupsForUser" => groups::list_groups_for_user,
        "ListInstanceProfileTags" => tags::list::<InstanceProfile>,
        "ListInstanceProfiles" => profiles::list_instance_profiles,
        "ListInstanceProfilesForRole" => profiles::list_instance_profiles_for_role,
        "ListOpenIDConnectProviderTags" => tags::list::<OidcProvider>,
        "ListOpenIDConnectProviders" => oidc::list_providers,
        "ListPolicies" => policies::list_policies,
        "ListPolicyTags" => tags::list::<ManagedPolicy>,
        "ListPolicyVersions" => versions::list_policy_versions,
        "ListRolePolicies" => inline::list::<Role>,
        "ListRoleTags" => tags::list::<Role>,
        "ListRoles" => roles::list_roles,
        "ListUserPolicies" => inline::list::<User>,
        "ListUserTags" => tags::list::<User>,
        "ListUsers" => users::list_users,
        "PutGroupPolicy" => inline::put_policy::<Group>,
        "PutRolePermissionsBoundary" => boundary::put_boundary::<Role>,
        "PutRolePolicy" => inline::put_policy::<Role>,
        "PutUserPermissionsBoundary" => boundary::put_boundary::<User>,
        "PutUserPolicy" => inline::put_policy::<User>,
        "RemoveClientIDFromOpenIDConnectProvider" => oidc::remove_client,
        "RemoveRoleFromInstanceProfile" => profiles::remove_role_from_instance_profile,
        "RemoveUserFromGroup" => groups::remove_user_from_group,
        "SetDefaultPolicyVersion" => versions::set_default_policy_version,
        "SimulateCustomPolicy" => simulate::simulate_custom_policy,
        "SimulatePrincipalPolicy" => simulate::simulate_principal_policy,
        "TagInstanceProfile" => tags::tag::<InstanceProfile>,
        "TagOpenIDConnectProvider" => tags::tag::<OidcProvider>,
        "TagPolicy" => tags::tag::<ManagedPolicy>,
        "TagRole" => tags::tag::<Role>,
        "TagUser" => tags::tag::<User>,
        "UntagInstanceProfile" => tags::untag::<InstanceProfile>,
        "UntagOpenIDConnectProvider" => tags::untag::<OidcProvider>,
        "UntagPolicy" => tags::untag::<ManagedPolicy>,
        "UntagRole" => tags::untag::<Role>,
        "UntagUser" => tags::untag::<User>,
        "UpdateAccessKey" => access_keys::update_access_key,
        "UpdateAssumeRolePolicy" => roles::update_assume_role_policy,
        "UpdateGroup" => groups::update_group,
        "UpdateOpenIDConnectProviderThumbprint" => oidc::update_thumbprints,
        "UpdateRole" => roles::update_role,
        "UpdateRoleDescription" => roles::update_role_description,
        "UpdateUser" => users::update_user,
    })
}

#[cfg(test)]
mod tests {
    use ringwall_iam::catalog;

    use super::*;

    /// Operations whose resource is named otherwise than by its own type, or that are on no resource.
    const KINDS: [(&str, &str); 6] = [
        ("user", "User"),
        ("group", "Group"),
        ("role", "Role"),
        ("policy", "Policy"),
        ("instance-profile", "InstanceProfile"),
        ("oidc-provider", "OpenIDConnectProvider"),
    ];

    #[test]
    fn each_operation_is_an_action_of_the_same_name_on_what_it_names() {
        let service = ringwall_protocol::service("iam").unwrap();
        let mut served = 0;
        for operation in service.operations() {
            let name = operation.name();
            if find(name).is_none() {
                continue;
            }
            served += 1;
            let action = catalog().action(&format!("iam:{name}")).unwrap_or_else(|| panic!("{name}"));
            let [resource] = action.resources() else { continue };
            assert!(KINDS.iter().any(|(kind, _)| *kind == resource.name), "{name}: {}", resource.name);
        }
        assert_eq!(served, 97);
    }
}
