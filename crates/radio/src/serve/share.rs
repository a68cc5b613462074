//! Showing the page to other computers in the room: whoever knows the path that nobody can guess may read it.

use std::fmt::Write;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// What opens the page to other computers: 128 bits of the system's randomness.
pub(super) fn token() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The page's own path, of one that begins with the token.
pub(super) fn below<'p>(token: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix('/')?;
    let (given, _) = rest.split_once('/')?;
    if given.len() != token.len() {
        return None;
    }
    // All of it is compared, so that the time says nothing of where it differs.
    let differs = given
        .bytes()
        .zip(token.bytes())
        .fold(0, |differs, (a, b)| differs | (a ^ b));
    (differs == 0).then(|| &rest[token.len()..])
}

/// The address by which other computers reach this one.
pub(super) fn address_here() -> IpAddr {
    // Nothing is sent: the system is asked by which way it would.
    let way = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    way.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens_the_page() {
        let (token, other) = (token().unwrap(), token().unwrap());
        assert!(token.len() == 32 && token != other, "{token} {other}");
        assert_eq!(below(&token, &format!("/{token}/")), Some("/"));
        assert_eq!(below(&token, &format!("/{token}/events")), Some("/events"));
        for wrong in [
            String::new(),
            "/".into(),
            "//".into(),
            format!("/{token}"),
            format!("/{other}/"),
            format!("/{}/", &token[1..]),
            format!("/x{token}/"),
        ] {
            assert_eq!(below(&token, &wrong), None, "{wrong}");
        }
    }
}
