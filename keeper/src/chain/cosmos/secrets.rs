//! What of an endpoint's address and headers must not be shown: nodes and proxies repeat it in what they say, as
//! `unknown method GetLatestBlock?token=…`.

use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::config::address::Address;

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";
/// What is shorter hides nothing: it stands in many a word.
const LENGTH_MIN: usize = 4;
/// The same of what stands between two slashes: shorter ones say what is asked, as `/cosmos/rpc`.
const SEGMENT_LENGTH_MIN: usize = 8;
/// The header in which gRPC carries an error's text.
const GRPC_MESSAGE: &str = "grpc-message";

/// The secrets of one endpoint, the longest first. There is no Debug.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// What of this address is not its public name, and the values of these headers.
    pub fn of(address: &Address<'_>, headers: &HeaderMap) -> Self {
        let user = address.user.into_iter().flat_map(|user| [user].into_iter().chain(user.split(':')));
        let query = address.query.into_iter().flat_map(|query| [query].into_iter().chain(query.split(['&', '='])));
        let texts = user.chain(query).filter(|text| text.len() >= LENGTH_MIN);
        let segments = address.path.split('/').filter(|text| text.len() >= SEGMENT_LENGTH_MIN && *text != "websocket");
        Self(texts.chain(segments).flat_map(spellings).collect()).with_headers(headers)
    }

    /// The same, and the values of these headers.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        let Self(secrets) = &mut self;
        for value in headers.values().filter_map(|value| value.to_str().ok()) {
            let words = [value].into_iter().chain(value.split(' ')).filter(|text| text.len() >= SEGMENT_LENGTH_MIN);
            secrets.extend(words.flat_map(spellings));
        }
        secrets.sort_by_key(|secret| (std::cmp::Reverse(secret.len()), secret.clone()));
        secrets.dedup();
        self
    }

    /// Whether there is nothing to hide.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without them.
    pub fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }

    /// Hides them in the text of a gRPC error.
    pub fn hide_in(&self, headers: &mut HeaderMap) {
        let Some(value) = headers.get_mut(GRPC_MESSAGE) else { return };
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let hidden = self.hidden(&text);
        if hidden != text {
            *value = HeaderValue::from_str(&hidden).unwrap_or(HeaderValue::from_static(HIDDEN));
        }
    }
}

/// A secret as it is written in an address, as it is sent, and as gRPC and JSON write both.
fn spellings(text: &str) -> Vec<String> {
    let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut all = vec![text.to_owned(), decoded];
    for text in all.clone() {
        all.push(text.replace('%', "%25"));
        all.push(text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    all
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::Secrets;
    use crate::config::address::Address;

    #[test]
    fn what_an_address_and_headers_hide_is_shown_in_no_spelling() {
        let address = Address::of("https://ann:p%40ssword@host:443/SEGMENT99/rpc?token=T%25KEN&b=1");
        let headers = HeaderMap::from_iter([(http::header::COOKIE, HeaderValue::from_static("Bearer header-key"))]);
        let secrets = Secrets::of(&address, &headers);
        for text in ["p%40ssword", "p@ssword", "p%2540ssword", "SEGMENT99", "T%25KEN", "T%KEN", "token", "header-key"] {
            let shown = secrets.hidden(&format!("unknown method x?{text} for y"));
            assert_eq!(shown, "unknown method x?(hidden) for y", "{text}");
        }
        let plain = "height 7 is not available at host:443/rpc, b=1";
        assert_eq!(secrets.hidden(plain), plain);
    }
}
