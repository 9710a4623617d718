//! Whom we believe to be who they say: the TLS settings of every connection that we open.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// Certificates are checked against roots that are compiled in. Reading those of the machine
/// opens a hundred files at every cold start, and in Lambda there is nothing in them to choose.
pub fn client() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
