//! The signature of a message: HMAC-SHA256 over its four dictionaries, under the key of the connection file.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs and checks messages; without a key, nothing is signed.
#[derive(Clone)]
pub struct Signer(Option<Hmac<Sha256>>);

/// The connection file wants a signature that is not known.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the signature scheme {0:?} is not known; this kernel signs with \"hmac-sha256\"")]
pub struct KeyError(String);

impl Signer {
    /// A signer for a connection file's `signature_scheme` and `key`. An empty key means no signatures.
    ///
    /// # Errors
    /// [`KeyError`] if the scheme is another than `hmac-sha256`.
    pub fn new(scheme: &str, key: &str) -> Result<Signer, KeyError> {
        if key.is_empty() {
            return Ok(Signer(None));
        }
        if scheme != "hmac-sha256" {
            return Err(KeyError(scheme.to_owned()));
        }
        // HMAC takes keys of any length.
        Ok(Signer(Hmac::new_from_slice(key.as_bytes()).ok()))
    }

    /// The signature in hexadecimal digits, empty without a key.
    pub fn sign<P: AsRef<[u8]>>(&self, parts: &[P]) -> String {
        let Some(mac) = self.over(parts) else {
            return String::new();
        };
        let code = mac.finalize().into_bytes();
        code.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `signature` is the one of these parts. The time it takes does not depend on where they differ.
    pub fn accepts<P: AsRef<[u8]>>(&self, parts: &[P], signature: &[u8]) -> bool {
        let Some(mac) = self.over(parts) else {
            return true;
        };
        unhex(signature).is_some_and(|code| mac.verify_slice(&code).is_ok())
    }

    fn over<P: AsRef<[u8]>>(&self, parts: &[P]) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.clone()?;
        for part in parts {
            mac.update(part.as_ref());
        }
        Some(mac)
    }
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |digit: u8| Some(char::from(digit).to_digit(16)? as u8);
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        // RFC 4231, test case 2.
        let signer = Signer::new("hmac-sha256", "Jefe").unwrap();
        let parts = ["what do ya ", "want for ", "nothing?"];
        let code = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signer.sign(&parts), code);
        assert!(signer.accepts(&parts, code.as_bytes()));
        assert!(!signer.accepts(&["what do ya want for nothing!"], code.as_bytes()));
        assert!(!signer.accepts(&parts, &code.as_bytes()[..63]));
        assert!(!signer.accepts(&parts, b""));
        assert!(!signer.accepts(&parts, "é".as_bytes()));
    }

    #[test]
    fn without_a_key_nothing_is_signed() {
        let signer = Signer::new("whatever", "").unwrap();
        assert_eq!(signer.sign(&["a"]), "");
        assert!(signer.accepts(&["a"], b"anything"));
    }

    #[test]
    fn an_unknown_scheme_is_named() {
        let error = Signer::new("hmac-md5", "key").err().unwrap();
        assert!(error.to_string().contains("\"hmac-md5\""));
    }
}
