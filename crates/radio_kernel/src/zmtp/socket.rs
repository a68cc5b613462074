//! A bound socket and its peers: a thread that accepts, and two for each peer, one that reads and one that writes.

use super::frame::{self, Frames, Received};
use super::handshake::{self, Kind};
use super::outbox::Outbox;
use radio_notebook::lock;
use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many connections a socket has at most.
const MAX_CONNECTIONS: usize = 128;
/// How long a peer may take to say what it is.
const MAX_HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the socket waits for a peer that has stopped reading, before it loses messages.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a socket is told by its peers.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// A message.
    Message {
        /// The identity of the peer, to answer it by.
        from: Vec<u8>,
        /// Its frames.
        frames: Frames,
    },
    /// A subscription, which holds from now on.
    Subscribed {
        /// The identity of the peer.
        by: Vec<u8>,
        /// What its messages begin with.
        topic: Vec<u8>,
    },
}

/// A bound socket.
pub struct Socket {
    name: &'static str,
    kind: Kind,
    address: SocketAddr,
    listener: Mutex<Option<TcpListener>>,
    peers: Mutex<HashMap<Vec<u8>, Arc<Peer>>>,
    connections: AtomicUsize,
    next_identity: AtomicU32,
    is_closing: AtomicBool,
}

struct Peer {
    outbox: Outbox,
    topics: Mutex<Vec<Vec<u8>>>,
    stream: TcpStream,
}

impl Socket {
    /// Binds a socket: peers can connect, and are heard once it is [served](Socket::serve). `name` is for what is said
    /// on stderr.
    ///
    /// # Errors
    /// What the system says, such as that the port is taken.
    pub fn bind(name: &'static str, kind: Kind, address: SocketAddr) -> io::Result<Arc<Socket>> {
        let listener = TcpListener::bind(address)?;
        Ok(Arc::new(Socket {
            name,
            kind,
            address: listener.local_addr()?,
            listener: Mutex::new(Some(listener)),
            peers: Mutex::default(),
            connections: AtomicUsize::new(0),
            next_identity: AtomicU32::new(1),
            is_closing: AtomicBool::new(false),
        }))
    }

    /// Where it is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to accept peers. What they say is given to `hear`, in order for each peer, at the same time for different
    /// ones.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn serve(
        self: &Arc<Socket>,
        hear: impl Fn(Event) + Send + Sync + 'static,
    ) -> io::Result<()> {
        let Some(listener) = lock(&self.listener).take() else {
            return Ok(());
        };
        let socket = Arc::clone(self);
        let hear = Arc::new(hear);
        spawn(format!("{} accept", self.name), move || {
            loop {
                let accepted = listener.accept();
                if socket.is_closing.load(Ordering::SeqCst) {
                    return;
                }
                match accepted {
                    Ok((stream, _)) => socket.greet(stream, Arc::clone(&hear)),
                    // Such as too many open files: that may pass.
                    Err(_) => std::thread::sleep(Duration::from_millis(50)),
                }
            }
        })
    }

    fn greet<F: Fn(Event) + Send + Sync + 'static>(
        self: &Arc<Socket>,
        stream: TcpStream,
        hear: Arc<F>,
    ) {
        if self.connections.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
            self.connections.fetch_sub(1, Ordering::SeqCst);
            eprintln!(
                "{}: a connection is refused, because there are {MAX_CONNECTIONS}",
                self.name
            );
            return;
        }
        let socket = Arc::clone(self);
        let started = spawn(format!("{} read", self.name), move || {
            if let Err(error) = socket.talk(stream, &*hear)
                && error.kind() == io::ErrorKind::InvalidData
            {
                eprintln!("{}: a peer is disconnected: {error}", socket.name);
            }
            socket.connections.fetch_sub(1, Ordering::SeqCst);
        });
        if started.is_err() {
            self.connections.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// The life of one connection.
    fn talk(self: &Arc<Socket>, mut stream: TcpStream, hear: &dyn Fn(Event)) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(MAX_HANDSHAKE))?;
        stream.set_write_timeout(Some(MAX_HANDSHAKE))?;
        let mut identity = handshake::shake(&mut stream, self.kind)?;
        if identity.is_empty() {
            // As in libzmq: five bytes, the first of them zero, which a peer may not choose.
            let number = self.next_identity.fetch_add(1, Ordering::SeqCst);
            identity = [&[0], number.to_be_bytes().as_slice()].concat();
        }
        let peer = Arc::new(Peer {
            outbox: Outbox::default(),
            topics: Mutex::default(),
            stream: stream.try_clone()?,
        });
        // A front end that connects anew under its identity takes the place of the connection that it has lost.
        if let Some(old) = lock(&self.peers).insert(identity.clone(), Arc::clone(&peer)) {
            old.outbox.close();
            let _ = old.stream.shutdown(Shutdown::Read);
        }
        let heard = self
            .write_to(&peer, &stream)
            .and_then(|()| self.listen(stream, &identity, &peer, hear));
        peer.outbox.close();
        let mut peers = lock(&self.peers);
        if peers
            .get(&identity)
            .is_some_and(|now| Arc::ptr_eq(now, &peer))
        {
            peers.remove(&identity);
        }
        drop(peers);
        // A peer that has closed its half, or sent what is no frame, is gone.
        let _ = peer.stream.shutdown(Shutdown::Both);
        heard
    }

    /// Sends READY, and from then on what the peer is sent.
    fn write_to(&self, peer: &Arc<Peer>, mut stream: &TcpStream) -> io::Result<()> {
        stream.write_all(&handshake::ready(self.kind))?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        let mut output = stream.try_clone()?;
        let peer = Arc::clone(peer);
        spawn(format!("{} write", self.name), move || {
            peer.outbox.write_to(&mut output);
            let _ = output.shutdown(Shutdown::Write);
        })
    }

    fn listen(
        &self,
        stream: TcpStream,
        identity: &[u8],
        peer: &Peer,
        hear: &dyn Fn(Event),
    ) -> io::Result<()> {
        let mut stream = BufReader::with_capacity(1 << 16, stream);
        while let Some(received) = frame::read(&mut stream)? {
            let Received::Message(mut frames) = received else {
                continue;
            };
            if self.kind == Kind::Router {
                hear(Event::Message {
                    from: identity.to_vec(),
                    frames,
                });
                continue;
            }
            let first = frames.swap_remove(0);
            match first.split_first() {
                Some((1, topic)) => {
                    lock(&peer.topics).push(topic.to_vec());
                    hear(Event::Subscribed {
                        by: identity.to_vec(),
                        topic: topic.to_vec(),
                    });
                }
                Some((0, topic)) => {
                    let mut topics = lock(&peer.topics);
                    if let Some(at) = topics.iter().position(|t| t == topic) {
                        topics.swap_remove(at);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether there is a peer of this identity.
    pub fn has_peer(&self, identity: &[u8]) -> bool {
        lock(&self.peers).contains_key(identity)
    }

    /// Sends a message to one peer. Returns whether it is there and takes messages.
    pub fn send<F: AsRef<[u8]>>(&self, to: &[u8], frames: &[F]) -> bool {
        let peer = lock(&self.peers).get(to).cloned();
        peer.is_some_and(|peer| peer.outbox.push(frame::encode(frames).into(), PATIENCE))
    }

    /// Sends a message to every peer that has subscribed to something that its first frame begins with.
    pub fn publish<F: AsRef<[u8]>>(&self, frames: &[F]) {
        let topic = frames.first().map_or(&[][..], AsRef::as_ref);
        let wants = |peer: &&Arc<Peer>| lock(&peer.topics).iter().any(|t| topic.starts_with(t));
        let peers: Vec<Arc<Peer>> = lock(&self.peers).values().filter(wants).cloned().collect();
        if peers.is_empty() {
            return;
        }
        let message: Arc<[u8]> = frame::encode(frames).into();
        for peer in peers {
            peer.outbox.push(Arc::clone(&message), PATIENCE);
        }
    }

    /// Takes no more peers and messages, and waits until what was sent is on its way, at most until `deadline`.
    pub fn close(&self, deadline: Instant) {
        self.is_closing.store(true, Ordering::SeqCst);
        // The thread that accepts looks up when somebody comes.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(100));
        drop(lock(&self.listener).take());
        let peers: Vec<Arc<Peer>> = lock(&self.peers).values().cloned().collect();
        for peer in &peers {
            peer.outbox.close();
        }
        for peer in &peers {
            peer.outbox.wait_done(deadline);
        }
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let builder = std::thread::Builder::new().name(name);
    builder.spawn(run).map(drop)
}
