//! gRPC over unix sockets: the protocols that kube-apiserver and the Secrets Store CSI driver speak to their plugins,
//! and as much of etcd's as reading it takes.

/// What `cargo xtask grpc` makes of the files in `proto`.
macro_rules! generated {
    ($(#[doc = $doc:literal] $name:ident;)+) => { $(
        #[doc = $doc]
        #[allow(
            clippy::all,
            clippy::allow_attributes,
            clippy::allow_attributes_without_reason,
            missing_docs,
            unreachable_pub,
            reason = "generated"
        )]
        pub mod $name {
            include!(concat!("generated/", stringify!($name), ".rs"));
        }
    )+ };
}

generated! {
    #[doc = "The KMS plugin's protocol, version 2."]
    kms_v2;
    #[doc = "What kube-apiserver stores of an object that a KMS plugin sealed."]
    encrypted_object;
    #[doc = "The secrets provider's protocol, `v1alpha1`."]
    csi_v1alpha1;
    #[doc = "Reading etcd."]
    etcd;
}
