//! TLS, for `https` and `wss`: the public roots, and a certificate authority of the operator's own.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tonic::transport::{Certificate, ClientTlsConfig};

use crate::error::{Error, Result};

/// Whom to trust.
#[derive(Clone, Debug)]
pub struct Trust {
    extra: Option<Vec<u8>>,
    http: Arc<ClientConfig>,
}

impl Trust {
    /// The public roots, and those in this PEM file.
    pub fn new(ca_file: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let mut extra = None;
        if let Some(path) = ca_file {
            let pem = std::fs::read(path).map_err(|error| Error::file(path, error))?;
            let mut found = false;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|_| Error::file(path, "is not a PEM file of certificates"))?;
                roots.add(certificate).map_err(|error| Error::file(path, error))?;
                found = true;
            }
            if !found {
                return Err(Error::file(path, "holds no certificate in PEM form"));
            }
            extra = Some(pem);
        }
        let http = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Config(format!("TLS: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { extra, http: Arc::new(http) })
    }

    /// For RPC: its websocket, and HTTP.
    pub fn http(&self) -> Arc<ClientConfig> {
        self.http.clone()
    }

    /// For gRPC.
    pub fn grpc(&self) -> ClientTlsConfig {
        let tls = ClientTlsConfig::new().with_webpki_roots();
        match &self.extra {
            Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
            None => tls,
        }
    }
}
