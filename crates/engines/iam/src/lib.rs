//! The IAM policy language: whether a principal may do an action on a resource, and because of which statement.

mod catalog;

pub use catalog::{
    AccessLevel, Action, ActionResource, Catalog, ConditionKey, KeyType, ResourceType, Service, ValueType,
    catalog,
};
