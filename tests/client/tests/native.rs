//! The native shell on a real server over a real connection.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use sotto_client::engine::{Engine, NewAccount, Returning};
use sotto_client::history::What;
use sotto_client::store::{Store, StoreKey};
use sotto_client::timeline::{Message, State};
use sotto_client_tests::{password_of, text};
use sotto_crypto::login::StretchCost;
use sotto_native_client::Client;
use sotto_proto::{ConversationId, UserName};
use sotto_server::Node;
use sotto_server::config::{Command, Config};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that can be stopped and started again at the same place.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(data: &Path, address: &str) -> Self {
        let data = data.join("server");
        let words = ["sotto-server", "--data", data.to_str().unwrap(), "--listen", address];
        let Command::Serve(config) = Command::parse(words, |_| None).unwrap().unwrap() else { unreachable!() };
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let node = Node::start(&Config { ..*config }).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(node.serve(listener, None, async {
            let _ = stopped.await;
        }));
        Self { address, stop, task }
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}

fn client(folder: &Path, name: &str, server: SocketAddr) -> Client {
    let file = folder.join(format!("{name}.db"));
    let store = Store::open(file.to_str().unwrap(), &StoreKey::take(&mut [3; StoreKey::LENGTH])).unwrap();
    Client::start(store, &format!("http://{server}")).unwrap()
}

/// Nothing in here should take long; that something never comes is a failure too.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(2), what).await.expect("it never comes")
}

async fn register(folder: &Path, name: &'static str, server: SocketAddr) -> Client {
    let client = client(folder, name, server);
    let chosen = NewAccount {
        user_name: UserName::parse("user_name", name).unwrap(),
        email: String::new(),
        password: password_of(name),
        cost: StretchCost::MINIMUM,
        device_name: String::new(),
    };
    client.with(|engine, moment| engine.register(chosen, moment)).await.unwrap().unwrap();
    soon(client.until(|engine| (engine.is_signed_in() && engine.cursor().is_some()).then_some(()))).await.unwrap();
    client
}

fn texts(engine: &Engine, chat: ConversationId) -> Vec<String> {
    let items = engine.page(chat, None, 100).unwrap().into_iter();
    let texts = items.filter_map(|item| match item.what {
        What::Message(Message { state: State::Standing { text, .. }, .. }) => Some(text.body.as_str().to_owned()),
        _ => None,
    });
    texts.collect()
}

async fn hears(client: &Client, chat: ConversationId, words: &'static str) {
    let heard = move |engine: &mut Engine| texts(engine, chat).last().is_some_and(|last| last == words).then_some(());
    soon(client.until(heard)).await.unwrap();
}

async fn says(client: &Client, chat: ConversationId, words: &'static str) {
    client.with(move |engine, moment| engine.send(chat, text(words), moment)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alice_and_bob_talk_while_the_server_comes_and_goes() {
    let folder = TempDir::with_prefix("sotto-native-").unwrap();
    let server = Server::start(folder.path(), "127.0.0.1:0").await;
    let address = server.address;
    let alice = register(folder.path(), "alice", address).await;
    let bob = register(folder.path(), "bob", address).await;

    let name = UserName::parse("user_name", "bob").unwrap();
    let greeting = Some(text("Ciao Bob"));
    alice.with(move |engine, moment| engine.start_direct(&name, greeting, moment)).await.unwrap().unwrap();
    let asked = |engine: &mut Engine| {
        let mut chats = engine.chats().unwrap().into_iter();
        chats.find(|chat| chat.requested_by.is_some() && chat.ready).map(|chat| chat.id)
    };
    let chat = soon(bob.until(asked)).await.unwrap();
    hears(&bob, chat, "Ciao Bob").await;
    bob.with(move |engine, moment| engine.accept(chat, moment)).await.unwrap().unwrap();
    says(&bob, chat, "Ciao Alice").await;
    hears(&alice, chat, "Ciao Alice").await;

    // What is written while the server is away is sent when it is back.
    server.stop().await;
    says(&alice, chat, "Are you there?").await;
    let server = Server::start(folder.path(), &address.to_string()).await;
    hears(&bob, chat, "Are you there?").await;

    // Alice's program ends and begins again; her laptop is new.
    drop(alice);
    let alice = client(folder.path(), "alice", address);
    says(&alice, chat, "Back again").await;
    hears(&bob, chat, "Back again").await;
    let laptop = client(folder.path(), "alices-laptop", address);
    let returning =
        Returning { login_name: "alice".to_owned(), password: password_of("alice"), device_name: "Laptop".to_owned() };
    laptop.with(|engine, moment| engine.sign_in(returning, moment)).await.unwrap().unwrap();
    hears(&laptop, chat, "Back again").await;
    says(&laptop, chat, "From the laptop").await;
    hears(&alice, chat, "From the laptop").await;
    hears(&bob, chat, "From the laptop").await;
    server.stop().await;
}
