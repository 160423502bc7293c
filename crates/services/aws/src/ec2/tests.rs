//! What can be seen from the inside alone.

use ringwall_iam::catalog;

/// Operations of the model that are not served.
const NOT_SERVED: [&str; 3] = ["CreateSubnet", "DeleteSubnet", "DescribeSubnets"];

#[test]
fn every_operation_is_an_action_of_the_service_authorization_reference() {
    let service = ringwall_protocol::service("ec2").unwrap();
    let operations: Vec<&str> = service.operations().map(|operation| operation.name()).collect();
    assert_eq!(operations.len(), 20);
    for operation in operations {
        assert_eq!(super::find(operation).is_none(), NOT_SERVED.contains(&operation), "{operation}");
        assert!(catalog().action(&format!("ec2:{operation}")).is_some(), "{operation}");
    }
}
