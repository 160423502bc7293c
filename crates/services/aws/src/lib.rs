//! AWS's APIs, enforced: STS, IAM, KMS, Secrets Manager, Parameter Store, EKS, EC2 security groups.
