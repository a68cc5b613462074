//! The connection file, in which the front end says where the kernel is to be found and how messages are signed.

use crate::error::{Error, Result};
use crate::wire::Signer;
use radio_notebook::Error as FileError;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// What a connection file says.
pub struct Connection {
    /// Where requests come in.
    pub shell: SocketAddr,
    /// Where all front ends hear what happens.
    pub iopub: SocketAddr,
    /// Where front ends are asked for input.
    pub stdin: SocketAddr,
    /// Where requests come in that cannot wait.
    pub control: SocketAddr,
    /// Where everything is echoed.
    pub heartbeat: SocketAddr,
    /// How messages are signed.
    pub signer: Signer,
}

/// How long a connection file may be, in bytes.
const MAX_LENGTH: u64 = 1 << 20;

impl Connection {
    /// Reads a connection file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Connection`] if something is missing in it or of another kind.
    pub fn read(path: &Path) -> Result<Connection> {
        let length = std::fs::metadata(path)
            .map_err(FileError::io(path, "reading"))?
            .len();
        let refuse = |message: String| Error::Connection {
            path: path.to_owned(),
            message,
        };
        if length > MAX_LENGTH {
            return Err(refuse(format!(
                "this is no connection file: it has {length} bytes"
            )));
        }
        let bytes = std::fs::read(path).map_err(FileError::io(path, "reading"))?;
        Connection::parse(&bytes).map_err(refuse)
    }

    /// Reads the text of a connection file. The error is a sentence for the user.
    ///
    /// # Errors
    /// If something is missing in it or of another kind.
    pub fn parse(bytes: &[u8]) -> std::result::Result<Connection, String> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|e| format!("this is no connection file, because it is not JSON: {e}"))?;
        let Value::Object(fields) = value else {
            return Err(
                "this is no connection file: the outermost value should be an object".into(),
            );
        };
        let text = |name: &str, default| match fields.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(other) => Err(format!("\"{name}\" should be text and is {other}")),
        };
        let transport = text("transport", "tcp")?;
        if transport != "tcp" {
            return Err(format!(
                "\"transport\" is {transport:?}, and this kernel speaks TCP: set the front end's \
                 `KernelManager.transport` to \"tcp\""
            ));
        }
        let ip = match text("ip", "")? {
            "" | "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            ip => ip.parse().map_err(|_| {
                format!("\"ip\" should be an address such as 127.0.0.1 and is {ip:?}")
            })?,
        };
        let address = |name: &str| port(&fields, name).map(|port| SocketAddr::new(ip, port));
        let scheme = text("signature_scheme", "hmac-sha256")?;
        Ok(Connection {
            shell: address("shell_port")?,
            iopub: address("iopub_port")?,
            stdin: address("stdin_port")?,
            control: address("control_port")?,
            heartbeat: address("hb_port")?,
            signer: Signer::new(scheme, text("key", "")?).map_err(|e| e.to_string())?,
        })
    }
}

fn port(fields: &Map<String, Value>, name: &str) -> std::result::Result<u16, String> {
    let value = fields.get(name).ok_or_else(|| {
        let hint =
            "a connection file has shell_port, iopub_port, stdin_port, control_port and hb_port";
        format!("there is no \"{name}\": {hint}")
    })?;
    let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
    let port = port.filter(|port| *port != 0);
    port.ok_or_else(|| format!("\"{name}\" should be a port from 1 to 65535 and is {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields() -> Value {
        json!({
            "ip": "127.0.0.1", "transport": "tcp", "key": "k", "signature_scheme": "hmac-sha256", "kernel_name": "radio",
            "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
        })
    }

    fn parse(value: &Value) -> std::result::Result<Connection, String> {
        Connection::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_connection_file_is_read() {
        let connection = parse(&fields()).unwrap();
        assert_eq!(connection.iopub, "127.0.0.1:2".parse().unwrap());
        assert_eq!(connection.heartbeat.port(), 5);
        assert_eq!(connection.signer.sign(&["x"]).len(), 64);
    }

    #[test]
    fn without_an_address_nobody_else_can_connect() {
        let mut fields = fields();
        fields.as_object_mut().unwrap().remove("ip");
        assert!(parse(&fields).unwrap().shell.ip().is_loopback());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |name: &str, value: Value| {
            let mut fields = fields();
            fields[name] = value;
            parse(&fields).err().unwrap()
        };
        assert!(with("transport", json!("ipc")).contains("speaks TCP"));
        assert!(with("ip", json!("here")).contains("\"here\""));
        assert!(with("hb_port", json!(65536)).contains("\"hb_port\" should be a port"));
        assert!(with("shell_port", json!("80")).contains("\"shell_port\""));
        assert!(with("stdin_port", json!(0)).contains("from 1"));
        assert!(with("signature_scheme", json!("hmac-md5")).contains("hmac-md5"));
        assert!(with("key", json!(1)).contains("should be text and is 1"));
        assert!(
            Connection::parse(b"{}")
                .err()
                .unwrap()
                .contains("there is no \"shell_port\"")
        );
        assert!(
            Connection::parse(b"[]")
                .err()
                .unwrap()
                .contains("an object")
        );
        assert!(
            Connection::parse(b"{\"ip")
                .err()
                .unwrap()
                .contains("not JSON")
        );
        assert!(
            Connection::parse(b"\xff\xfe")
                .err()
                .unwrap()
                .contains("not JSON")
        );
    }
}
