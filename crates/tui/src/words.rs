//! Everything that the program says to people, in each of its languages. What machines read is not in here.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Language {
    #[default]
    English,
    Russian,
}

impl Language {
    /// The one that the environment asks for: `SOTTO_LANG` before what the system speaks.
    pub(crate) fn of_environment() -> Self {
        let named =
            ["SOTTO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        named.filter(|value| !value.is_empty()).map(|value| Self::named(&value)).next().unwrap_or_default()
    }

    fn named(name: &str) -> Self {
        if name.starts_with("ru") { Self::Russian } else { Self::English }
    }
}

/// Sentences with their places to fill in: each in English, then in Russian.
macro_rules! messages {
    ($($name:ident $({ $($field:ident),* })? => $english:literal, $russian:literal;)*) => {
        /// Something to say.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum Message {
            $($name $({ $($field: String),* })?,)*
        }

        impl Message {
            /// The sentence in a language.
            pub(crate) fn say(&self, language: Language) -> String {
                match (self, language) {
                    $(
                        (Self::$name $({ $($field),* })?, Language::English) => format!($english),
                        (Self::$name $({ $($field),* })?, Language::Russian) => format!($russian),
                    )*
                }
            }

            /// What machines know it by.
            pub(crate) fn code(&self) -> String {
                let name = match self {
                    $(Self::$name { .. } => stringify!($name),)*
                };
                kebab(name)
            }
        }
    };
}

messages! {
    // --- What went wrong, and what to do about it --------------------------------------------------------------------
    NotSignedIn =>
        "Nobody is signed in here. Sign in with `sotto login`, or make an account with `sotto register`.",
        "Здесь никто не вошёл. Войдите командой `sotto login` или создайте учётную запись: `sotto register`.";
    SessionEnded =>
        "The server has ended this device's session. Sign in again with `sotto login`; everything here is kept.",
        "Сервер завершил сеанс этого устройства. Войдите снова командой `sotto login`; всё, что здесь есть, сохранено.";
    SignedInAlready { name } =>
        "@{name} is signed in here already. For another account use another folder: --profile DIR.",
        "Здесь уже вошёл @{name}. Для другой учётной записи возьмите другую папку: --profile DIR.";
    OtherAccount =>
        "This profile belongs to another account. Use another folder: --profile DIR.",
        "Этот профиль принадлежит другой учётной записи. Возьмите другую папку: --profile DIR.";
    NoSuchChat { chat } =>
        "There is no chat '{chat}'. `sotto chats` lists them; `sotto dm @NAME` begins one.",
        "Чата «{chat}» нет. Список: `sotto chats`; начать новый: `sotto dm @NAME`.";
    ManyChats { chat, candidates } =>
        "'{chat}' can be more than one chat. Name it by its id:\n{candidates}",
        "«{chat}» — это не один чат. Назовите его по id:\n{candidates}";
    NotInChat { message } =>
        "There is no message '{message}' in this chat. `sotto history` shows ids and numbers.",
        "Сообщения «{message}» в этом чате нет. Id и номера показывает `sotto history`.";
    NotYetOpen =>
        "This chat cannot be opened yet: its keys are on their way. Try again with a connection to the server.",
        "Этот чат ещё не открыть: его ключи в пути. Повторите, когда есть связь с сервером.";
    BadUserName { name } =>
        "'{name}' is no user name: 3 to 32 of a-z, 0-9, _ and ., beginning with a letter.",
        "«{name}» — не имя пользователя: от 3 до 32 знаков a-z, 0-9, _ и ., первой идёт буква.";
    BadEmail { email } =>
        "'{email}' is no e-mail address.",
        "«{email}» — не адрес электронной почты.";
    BadServer { server } =>
        "'{server}' is not the address of a server; it looks like https://chat.example.org.",
        "«{server}» — не адрес сервера; он выглядит так: https://chat.example.org.";
    NoServer =>
        "Which server? Name it with --server https://….",
        "Какой сервер? Назовите его: --server https://….";
    NoPassword =>
        "There is no terminal to ask for the password on. Give it in SOTTO_PASSWORD or with --password-file.",
        "Нет терминала, чтобы спросить пароль. Передайте его в SOTTO_PASSWORD или через --password-file.";
    NoPassphrase =>
        "There is no system keyring here and no terminal to ask for a passphrase on. Give one in SOTTO_PASSPHRASE or with --passphrase-file.",
        "Здесь нет системного хранилища ключей и нет терминала, чтобы спросить кодовую фразу. Передайте её в SOTTO_PASSPHRASE или через --passphrase-file.";
    PasswordLength =>
        "A password has 1 to 1024 bytes.",
        "В пароле от 1 до 1024 байт.";
    PasswordsDiffer =>
        "The two are not the same. Try again.",
        "Введено не одно и то же. Повторите.";
    WrongPassword =>
        "The password is wrong, or there is no such account.",
        "Пароль неверен, или такой учётной записи нет.";
    WrongPassphrase =>
        "The passphrase of this profile is wrong.",
        "Кодовая фраза этого профиля неверна.";
    CannotRead { file, why } =>
        "Cannot read {file}: {why}.",
        "Не удаётся прочитать {file}: {why}.";
    CannotWrite { file, why } =>
        "Cannot write {file}: {why}.",
        "Не удаётся записать {file}: {why}.";
    FileTooLong { max, actual } =>
        "A file has at most {max} bytes; this one has {actual}.",
        "В файле не больше {max} байт, а в этом {actual}.";
    NoSuchFile =>
        "This message has no such file. `sotto history` shows what it has.",
        "В этом сообщении нет такого файла. Что в нём есть, показывает `sotto history`.";
    FileThere { path } =>
        "{path} is there already. Name a folder, or a file that is not there.",
        "{path} уже есть. Назовите папку или файл, которого ещё нет.";
    NeedsFolder { path } =>
        "There is no folder {path}. Name one that is there.",
        "Папки {path} нет. Назовите ту, которая есть.";
    NoSuchTransfer { transfer } =>
        "No file is on its way with the number {transfer}. `sotto transfers` lists them.",
        "Файла в пути с номером {transfer} нет. Список: `sotto transfers`.";
    NoSuchSession { session } =>
        "There is no session '{session}'. `sotto sessions` lists them.",
        "Сеанса «{session}» нет. Список: `sotto sessions`.";
    SourceMissing { file } =>
        "{file} is not where it was, and cannot be sent.",
        "{file}: файла нет на прежнем месте, отправить его нельзя.";
    SourceChanged { file } =>
        "{file} has changed since it began to be sent. Send it anew.",
        "{file}: файл изменился с начала отправки. Отправьте его заново.";
    NoRoom { file } =>
        "There is no room on this machine for {file}. Make room and fetch it again; it goes on where it was.",
        "На этом устройстве нет места для {file}. Освободите место и загрузите снова: загрузка продолжится.";
    FileSystem { file } =>
        "{file} cannot be read or written on this machine.",
        "{file}: на этом устройстве файл не удаётся прочитать или записать.";
    TooLarge { file, max } =>
        "{file} is too large for this server, which takes {max} bytes.",
        "{file}: файл слишком велик для этого сервера, который принимает {max} байт.";
    QuotaExceeded { file, max } =>
        "There is no room left on the server for {file}: the account may keep {max} bytes there.",
        "На сервере нет места для {file}: учётной записи отведено {max} байт.";
    FileGone { file } =>
        "The server does not have {file} any more, or not for this account.",
        "У сервера больше нет {file}, или этой учётной записи он недоступен.";
    FileDamaged { file } =>
        "What the server has is not the {file} that was sent. Nothing of it was kept.",
        "То, что есть у сервера, — не тот {file}, который отправили. Ничего из этого не сохранено.";
    NotText =>
        "Standard input is no text in UTF-8.",
        "На стандартном вводе не текст в UTF-8.";
    NothingToSay =>
        "There is nothing to send.",
        "Отправлять нечего.";
    TooLong { max, actual } =>
        "A message has at most {max} bytes, this one has {actual}.",
        "В сообщении не больше {max} байт, а здесь {actual}.";
    NotAProfile { folder } =>
        "{folder} holds other things and no profile. Name a folder of its own with --profile.",
        "В {folder} лежит что-то другое, а не профиль. Назовите для него отдельную папку: --profile.";
    ProfileInUse { who } =>
        "This profile is in use by {who}. End that, or use another folder: --profile DIR.",
        "Этот профиль занят: {who}. Завершите это или возьмите другую папку: --profile DIR.";
    BrokenOff =>
        "The process that has this profile open did not finish. Try again.",
        "Процесс, в котором открыт этот профиль, не закончил. Повторите.";
    StoreFailed { why } =>
        "The store of this profile does not work: {why}. `sotto doctor` looks closer.",
        "Хранилище этого профиля не работает: {why}. Подробнее: `sotto doctor`.";
    Unreachable { server } =>
        "The server {server} cannot be reached. Look at the connection, and try again.",
        "Сервер {server} недоступен. Проверьте связь и повторите.";
    TooSlow { seconds } =>
        "There was no answer within {seconds} s. What was asked for goes on when the connection is back.",
        "Ответа нет уже {seconds} с. Начатое продолжится, когда связь восстановится.";
    NobodyThere { name } =>
        "There is nobody called @{name} who can be written to.",
        "Никого с именем @{name}, кому можно написать, нет.";
    AcceptFirst { chat } =>
        "{chat} is a request. Accept it before you answer: `sotto accept`.",
        "{chat} — это запрос. Прежде чем отвечать, примите его: `sotto accept`.";
    NoNewPassword =>
        "There is no terminal to ask for the new password on. Give it in SOTTO_NEW_PASSWORD or with --new-password-file.",
        "Нет терминала, чтобы спросить новый пароль. Передайте его в SOTTO_NEW_PASSWORD или через --new-password-file.";
    NoRecoveryWords =>
        "There is no terminal to ask for the recovery words on. Give them on standard input or with --words-file.",
        "Нет терминала, чтобы спросить слова восстановления. Передайте их на стандартный ввод или через --words-file.";
    KeyMissing =>
        "The key of this profile is not in the system's keyring, or the keyring is locked. Unlock it and try again.",
        "Ключа этого профиля нет в системном хранилище, или оно заперто. Отоприте его и повторите.";
    BadRecoveryWords { why } =>
        "These are not the recovery words: {why}.",
        "Это не слова восстановления: {why}.";
    Exists { file } =>
        "{file} is there already. Name another file, or move it away.",
        "{file} уже есть. Назовите другой файл или уберите этот.";
    NoEmoji { text } =>
        "'{text}' is not one emoji.",
        "«{text}» — не один эмодзи.";
    NoSuchMember { name } =>
        "@{name} is not in this chat.",
        "@{name} нет в этом чате.";
    NoSuchDevice { device } =>
        "There is no device '{device}'. `sotto devices` lists them.",
        "Устройства «{device}» нет. Список: `sotto devices`.";
    NoGroup =>
        "This works in groups only.",
        "Это работает только в группах.";
    NotYours =>
        "That is somebody else's message.",
        "Это чужое сообщение.";
    SignedOutNow =>
        "Signed out. Nothing is left here.",
        "Выход выполнен. Здесь ничего не осталось.";
    AskRecoveryWords => "Recovery words: ", "Слова восстановления: ";
    FactorIsOff =>
        "The code of the authenticator was not given.",
        "Код из приложения не введён.";
    BadArchive { why } =>
        "This file was not taken over: {why}.",
        "Файл не принят: {why}.";
    NoKeyYet { name } =>
        "The identity key of @{name} is not known here yet. Begin a chat first: `sotto dm @{name}`.",
        "Ключ @{name} здесь ещё не известен. Сначала начните чат: `sotto dm @{name}`.";
    NotWithOneself =>
        "There is nothing to verify between you and yourself.",
        "Сверять код с самим собой незачем.";
    FactorSecret { secret, uri } =>
        "Put this into the authenticator, then type the code that it shows:\n\n    {secret}\n    {uri}\n",
        "Внесите это в приложение, затем введите код, который оно покажет:\n\n    {secret}\n    {uri}\n";
    BackupCodes { codes } =>
        "The second factor is on. Each of these codes works once, in place of the authenticator; keep them safe:\n\n{codes}\n",
        "Второй фактор включён. Каждый из этих кодов один раз заменит приложение; храните их в надёжном месте:\n\n{codes}\n";
    NewRecoveryWords { words } =>
        "These are the recovery words from now on. Write them down; the old ones are void:\n\n{words}\n",
        "Теперь слова восстановления такие. Запишите их; прежние больше не действуют:\n\n{words}\n";
    SafetyNumber { name, digits, words } =>
        "Safety number with @{name}. Compare it with theirs, over a channel where you know them:\n\n{digits}\n\n{words}",
        "Код безопасности с @{name}. Сверьте его со своим собеседником там, где вы его узнаёте:\n\n{digits}\n\n{words}";
    IdentityChanged { name } =>
        "⚠ @{name} was seen with another identity key. This is the number of the new one. When it is compared, decide: --key new takes it from now on, --key known stays with the other one.",
        "⚠ @{name} теперь с другим ключом. Это код для нового ключа. Сверив его, решите: --key new принимает новый ключ, --key known оставляет прежний.";
    NoNewKey { name } =>
        "@{name} has no new identity key to decide on.",
        "У @{name} нет нового ключа, о котором надо решать.";
    Verified => "Verified.", "Проверено.";
    VerifiedMark => "verified", "проверен";
    ProgramFailed { why } =>
        "The program did not answer: {why}.",
        "Программа не ответила: {why}.";
    NoAction { line } =>
        "This is no action: {line}",
        "Это не действие: {line}";
    NotLoopback { address } =>
        "{address} can be reached from elsewhere, and what goes over it is not encrypted. Use an address of this machine, such as 127.0.0.1:8080.",
        "{address} доступен извне, а данные по нему идут без шифрования. Возьмите адрес этой машины, например 127.0.0.1:8080.";
    CannotListen { address, why } =>
        "Cannot listen on {address}: {why}.",
        "Не удаётся слушать на {address}: {why}.";
    Listening { address, file } =>
        "listening on http://{address}, with the token in {file}",
        "слушает на http://{address}, ключ доступа в {file}";
    AuditDone { from, to, changes, head } =>
        "Nothing was taken back: heads {from} to {to}, changes of keys {changes}. Last head: {head}",
        "Ничего не отозвано: снимки с {from} по {to}, изменений ключей {changes}. Последний снимок: {head}";
    AuditFailed { epoch, why } =>
        "THE SERVER CONTRADICTS ITSELF at head {epoch} of its directory of keys: {why}.",
        "СЕРВЕР ПРОТИВОРЕЧИТ СЕБЕ: снимок {epoch} его каталога ключей: {why}.";
    NoSuchHead { epoch } =>
        "The directory of keys has no head {epoch}.",
        "В каталоге ключей нет снимка {epoch}.";
    NoDirectory =>
        "This server has no directory of keys: it is older than this program.",
        "У этого сервера нет каталога ключей: он старее этой программы.";
    NotInOrder =>
        "Not everything is in order.",
        "Не всё в порядке.";
    CheckFolder => "the folder is the person's alone", "папка закрыта от других";
    CheckCryptography => "the cryptography gives the published answers", "криптография даёт опубликованные ответы";
    CheckStore => "the store is sound", "хранилище цело";
    CheckAccount => "somebody is signed in", "вход выполнен";
    CheckDirectory => "the server's directory of keys adds up", "каталог ключей сервера непротиворечив";
    CheckServer => "the server answers", "сервер отвечает";
    CheckClock => "the clocks of the server and of this machine agree", "часы сервера и этой машины сходятся";
    Archived { chats, events, file } =>
        "{file}: chats {chats}, events {events}. The file is not encrypted: keep it where only you can read it.",
        "{file}: чатов {chats}, событий {events}. Файл не зашифрован: храните его там, где его можете прочесть только вы.";
    Imported { chats, events } =>
        "Taken over: chats {chats}, events {events}.",
        "Принято: чатов {chats}, событий {events}.";
    ThisDevice => "this device", "это устройство";
    Member => "member", "участник";
    Admin => "admin", "администратор";
    Owner => "owner", "владелец";
    NoRequest { chat } =>
        "'{chat}' is not a request. `sotto requests` lists them.",
        "«{chat}» — не запрос. Список: `sotto requests`.";
    NotAllowed =>
        "Your role in this chat does not allow that.",
        "Ваша роль в этом чате этого не позволяет.";
    NameTaken =>
        "The name is taken. Choose another one.",
        "Имя занято. Выберите другое.";
    RegistrationClosed =>
        "The server takes no new accounts. Ask whoever runs it.",
        "Сервер не принимает новые учётные записи. Спросите того, кто его держит.";
    OtherProtocol =>
        "The server and this program do not speak the same version of the protocol. Renew the older of the two.",
        "Сервер и эта программа говорят на разных версиях протокола. Обновите то, что старее.";
    TooOften =>
        "The server was asked too often. Wait a moment, and try again.",
        "Слишком много обращений к серверу. Подождите немного и повторите.";
    SecondFactorNeeded =>
        "This account has a second factor. Give its code with --code.",
        "У учётной записи есть второй фактор. Передайте код: --code.";
    SecondFactorWrong =>
        "The code is wrong.",
        "Код неверен.";
    Refused { code } =>
        "The server refused: {code}.",
        "Сервер отказал: {code}.";
    NotSent { code } =>
        "The server does not take this message: {code}.",
        "Сервер не принимает это сообщение: {code}.";
    Unusable { what } =>
        "{what} cannot be used like this.",
        "Так нельзя: {what}.";
    OutputFailed { why } =>
        "Cannot write the output: {why}.",
        "Не удаётся вывести результат: {why}.";
    SystemFailed { why } =>
        "The system does not give what is needed: {why}.",
        "Система не даёт того, что нужно: {why}.";

    // --- Refused for safety ------------------------------------------------------------------------------------------
    KeyChanged { name } =>
        "The identity key of {name} is not the one that was known. Compare safety numbers (`sotto verify`) before you go on.",
        "Ключ {name} не тот, что был известен. Прежде чем продолжать, сверьте код безопасности (`sotto verify`).";
    BadVault =>
        "The vault that the server gave does not open, or is an old one. Nothing was changed; do not enter the password again before this is explained.",
        "Хранилище, которое дал сервер, не открывается или устарело. Ничего не изменено; не вводите пароль снова, пока это не выяснится.";
    WeakServer =>
        "The server asks for a weaker protection of the password than is safe. Nothing was sent.",
        "Сервер требует более слабой защиты пароля, чем допустимо. Ничего не отправлено.";

    // --- What is going on --------------------------------------------------------------------------------------------
    Offline =>
        "offline: this is what is here",
        "нет связи: показано то, что есть здесь";
    Registered { name, server } =>
        "@{name} is registered on {server}, and signed in here.",
        "@{name} теперь есть на {server}; вход здесь выполнен.";
    RecoveryWords { words } =>
        "\nWrite these words down and keep them safe. They are shown once, and are the way back in without the password:\n\n{words}\n",
        "\nЗапишите эти слова и храните их в надёжном месте. Они показываются один раз и вернут доступ без пароля:\n\n{words}\n";
    SignedIn { name, server } =>
        "@{name} is signed in on {server}.",
        "@{name}: вход на {server} выполнен.";
    NothingYet =>
        "No chats yet. `sotto dm @NAME` begins one.",
        "Чатов пока нет. Начать: `sotto dm @NAME`.";
    Nothing =>
        "Nothing.",
        "Ничего.";
    Sent { chat, seq } =>
        "Sent to {chat} as #{seq}.",
        "Отправлено: {chat}, #{seq}.";
    Saved { path, size } =>
        "Saved as {path} ({size}).",
        "Сохранено: {path} ({size}).";
    SavedAs { path } => "saved as {path}", "сохранено: {path}";
    Paused => "paused", "приостановлено";
    PerSecond { size } => "{size}/s", "{size}/с";
    FileWithoutName => "file", "файл";
    Queued { chat } =>
        "Queued for {chat}: it is sent when the server can be reached.",
        "В очереди: {chat}. Отправится, когда сервер станет доступен.";
    Begun { chat } =>
        "The chat with {chat} is there.",
        "Чат с {chat} готов.";
    Done =>
        "Done.",
        "Готово.";
    AskPassword => "Password: ", "Пароль: ";
    AskNewPassword => "New password: ", "Новый пароль: ";
    AskAgain => "Once more: ", "Ещё раз: ";
    AskPassphrase => "Passphrase of this profile: ", "Кодовая фраза этого профиля: ";
    AskNewPassphrase => "New passphrase for what is stored here: ", "Новая кодовая фраза для того, что хранится здесь: ";
    AskCode => "Code of the second factor: ", "Код второго фактора: ";
    Deleted => "message deleted", "сообщение удалено";
    Edited => "edited", "изменено";
    SavedChat => "Saved messages", "Сохранённое";
    GroupWithoutTitle => "Group", "Группа";
    Unopened => "(not opened yet)", "(ещё не открыт)";
    Somebody => "somebody", "кто-то";
    UnknownContent => "something that this version does not know", "что-то, чего эта версия не знает";
    RequestMark => "request", "запрос";
    UnreadMark { count } => "{count} unread", "непрочитано: {count}";
    MutedMark => "muted", "без звука";

    // --- The full screen ---------------------------------------------------------------------------------------------
    NoTerminal =>
        "The screen needs a terminal. In a script, use a command: `sotto help` lists them.",
        "Экрану нужен терминал. В сценарии возьмите команду: `sotto help` покажет их.";
    TerminalFailed { why } => "The terminal does not work: {why}.", "Терминал не работает: {why}.";
    TooSmall => "Please make the window larger.", "Увеличьте, пожалуйста, окно.";
    Chats => "Chats", "Чаты";
    Archive => "Archive", "Архив";
    Draft => "Draft:", "Черновик:";
    You => "You", "Вы";
    Today => "Today", "Сегодня";
    Yesterday => "Yesterday", "Вчера";
    UnreadFromHere => "New", "Новое";
    NotTaken => "The server does not take this message. u takes it back.", "Сервер не принимает это сообщение. u — забрать его.";
    NotTakenNotice => "A message was not taken by the server.", "Сервер не принял сообщение.";
    StoreUnwritten => "What happens cannot be written to the disk. Nothing that was there is lost.", "Не удаётся записать на диск. То, что было, не потеряно.";
    QuotedNotHere => "The message that this answers is not here.", "Сообщения, на которое это ответ, здесь нет.";
    PollClosed => "closed", "завершён";
    WantsToWrite => "wants to write to you", "хочет вам написать";
    YouLeft => "You have left this chat.", "Вы вышли из этого чата.";
    YouWereRemoved => "You were removed from this chat.", "Вас удалили из этого чата.";
    RequestKeys => "They want to write to you: a accept · d decline · b block", "Вам хотят написать: a принять · d отклонить · b блок";
    ScreenNoChats => "No chats yet.\nn begins one, g makes a group, ? explains the keys.", "Чатов пока нет.\nn — начать чат, g — создать группу, ? — о клавишах.";
    ScreenChoose => "Choose a chat with ↑ ↓ and Enter.", "Выберите чат: ↑ ↓ и Enter.";
    NothingWritten => "Nothing was written here yet.", "Здесь пока ничего не написано.";
    EarlierOnServer => "PgUp brings what was written before.", "PgUp покажет написанное раньше.";
    EncryptedChat => "end-to-end encrypted", "сквозное шифрование";
    IsThere => "online", "в сети";
    SavedAbout => "only you can read this", "это видите только вы";
    MemberCount { count } => "Members {count}", "Участники {count}";
    IsTyping { name } => "{name} is writing …", "{name} пишет…";
    AreTyping { names } => "{names} are writing …", "{names} пишут…";
    StatusHint => "F1 help", "F1 справка";
    StatusOffline => "offline, trying again …", "нет связи, пробую снова…";
    StatusConnecting => "connecting …", "подключение…";
    ComposerHint => "Write a message", "Напишите сообщение";
    Replying { name } => "Answer to {name}", "Ответ {name}";
    Editing => "Changing", "Изменение";
    RoleMember => "member", "участник";
    RoleAdmin => "admin", "администратор";
    RoleOwner => "owner", "владелец";
    LineJoined { who } => "{who} is here", "{who} теперь здесь";
    LineAdded { who, by } => "{by} added {who}", "{by} добавляет: {who}";
    LineRemoved { who, by } => "{by} removed {who}", "{by} удаляет: {who}";
    LineLeft { who } => "{who} left", "{who} выходит";
    LineRole { who, by, role } => "{by} made {who}: {role}", "{by} назначает: {who} — {role}";
    LinePolicy { by } => "{by} changed the rules", "{by} меняет правила";
    LineDeviceAdded { who } => "{who} has a new device", "{who}: новое устройство";
    LineDeviceRemoved { who } => "{who} has one device less", "{who}: устройство удалено";
    LineKeyChanged { who } => "⚠ The identity key of {who} has changed", "⚠ Ключ изменился: {who}";
    LineUnreadable => "Something here cannot be opened.", "Что-то здесь нельзя открыть.";
    TroubleBadCommit => "A change of the group is bad; nothing is sent until it is repaired.", "Изменение группы испорчено; до исправления ничего не отправляется.";
    TroubleLogContradicted => "The server shows different things to different people.", "Сервер показывает разным людям разное.";
    TroubleDirectoryForked =>
        "The server's directory of keys is not the one that was seen before, or that others see. It may be showing false keys: compare safety numbers.",
        "Каталог ключей сервера — не тот, что был раньше или что видят другие. Возможно, сервер показывает ложные ключи: сверьте коды безопасности.";
    TroubleDirectoryWentBack =>
        "The server's directory of keys is older than before. Keys may have been taken back: compare safety numbers, and ask the operator.",
        "Каталог ключей сервера старее, чем был. Ключи могли быть отозваны: сверьте коды безопасности и спросите владельца сервера.";
    TroubleDirectoryBadProof =>
        "The server cannot prove what it says about keys. Compare safety numbers.",
        "Сервер не может доказать то, что говорит о ключах. Сверьте коды безопасности.";
    TroubleDirectoryWithdrawn =>
        "The server no longer shows its directory of keys. Compare safety numbers, and ask the operator.",
        "Сервер больше не показывает свой каталог ключей. Сверьте коды безопасности и спросите владельца сервера.";
    TroubleKeysNotInDirectory =>
        "The keys that the server hands out here are not those that it publishes. Nothing is sent until you have compared the safety number.",
        "Ключи, которые сервер здесь выдаёт, — не те, что он публикует. Ничего не отправляется, пока вы не сверите код безопасности.";
    TroubleKeysTakenBack =>
        "The server has taken back keys that it had published. Nothing is sent until you have compared the safety number.",
        "Сервер отозвал ключи, которые публиковал раньше. Ничего не отправляется, пока вы не сверите код безопасности.";
    TroublePromiseBroken =>
        "The server did not publish keys as it had promised. Nothing is sent until you have compared the safety number.",
        "Сервер не опубликовал ключи, как обещал. Ничего не отправляется, пока вы не сверите код безопасности.";
    TroubleForeignKey =>
        "The server publishes a key for your account that is not yours. It may be reading what others write to you.",
        "Сервер публикует для вашей учётной записи чужой ключ. Возможно, он читает то, что вам пишут.";
    TroubleLogTruncated => "The server has lost a part of this chat.", "Сервер потерял часть этого чата.";
    NoName => "(no name)", "(без имени)";
    EnterToKeep => "Enter keeps it · Esc leaves it", "Enter — сохранить · Esc — оставить";
    AskWhom => "Begin a chat", "Начать чат";
    AskWhomHint => "The @name of an account · Enter · Esc", "@имя учётной записи · Enter · Esc";
    AskGroupTitle => "A new group", "Новая группа";
    AskGroupTitleHint => "What to call it; then F2 adds people · Enter · Esc", "Как назвать; затем F2 добавит людей · Enter · Esc";
    AskAdd => "Add somebody", "Добавить участника";
    AskRename => "Rename the group", "Переименовать группу";
    AskName => "Your name", "Ваше имя";
    AskNameHint => "What others see beside your @name · Enter · Esc", "Что видят рядом с вашим @именем · Enter · Esc";
    AskDeviceName => "Name of the device", "Название устройства";
    SureTitle => "Are you sure?", "Вы уверены?";
    SureDelete => "The message is deleted for everybody.", "Сообщение будет удалено у всех.";
    SureLeave { chat } => "You leave {chat}. Somebody has to add you to come back.", "Вы выходите из чата {chat}. Вернуться можно, только если вас добавят.";
    SureRemove { name } => "{name} is removed, and can read nothing that is written from now on.", "{name} больше не участвует и не прочтёт того, что напишут дальше.";
    SureBlock { name } => "{name} is blocked: what they write is not shown, and they are not told.", "{name}: блокировка. Написанное не показывается, об этом не сообщается.";
    SureKeys => "y yes · n no", "y да · n нет";
    ReactTitle => "React", "Реакция";
    ReactHint => "A number, or an emoji and Enter · the same again takes it back", "Номер, или эмодзи и Enter · то же ещё раз уберёт реакцию";
    SearchAll => "Search in all chats", "Поиск во всех чатах";
    SearchHere => "Search in this chat", "Поиск в этом чате";
    SearchKeys => "↑ ↓ Enter goes there · Tab this chat or all · Esc", "↑ ↓ Enter — перейти · Tab — этот чат или все · Esc";
    NothingFound => "Nothing found.", "Ничего не найдено.";
    GroupKeys => "v verify · a add · r remove · o next role · t rename · l leave · p pin · m mute · x archive · Esc", "v сверить · a добавить · r удалить · o роль · t название · l выйти · p закрепить · m звук · x архив · Esc";
    ChatKeys => "v verify · p pin · m mute · x archive · b block · Esc", "p закрепить · m звук · x архив · b заблокировать · Esc";
    ProofTitle { name } => "Safety number with {name}", "Код безопасности с {name}";
    ProofCompare => "Compare this over a channel where you know each other.", "Сверьте это там, где вы уверены друг в друге.";
    ProofKeys => "v it is the same · Esc", "v совпадает · Esc";
    ProofVerifiedKeys => "v take that back · Esc", "v снять отметку · Esc";
    ProofNewKey => "They were seen with another key, and this is its number.", "Замечен другой ключ, и это его код.";
    ProofNewKeyKeys => "n it is theirs, take it · k keep the old one · Esc", "n это их ключ, принять · k оставить прежний · Esc";
    ProofLarger => "A larger window shows the code to be scanned; so does `sotto verify --qr`.", "Код для сканирования покажет окно побольше или `sotto verify --qr`.";
    KeyNotKnown => "Their key is not known yet.", "Ключ пока не известен.";
    DecideFirst => "A verified key has changed; nothing is sent before you decide: F2, v.", "Проверенный ключ изменился; до решения ничего не отправляется: F2, v.";
    IsBlocked => "blocked: what they write is not shown (F2, b takes it back)", "заблокировано: написанное не видно (F2, b — снять)";
    EncryptedVerified => "end-to-end encrypted, verified", "сквозное шифрование, ключ проверен";
    DevicesTitle => "Your devices", "Ваши устройства";
    DevicesKeys => "r rename · Esc · `sotto devices` revokes", "r переименовать · Esc · отозвать: `sotto devices`";
    SettingsTitle => "Settings", "Настройки";
    SettingName => "Name", "Имя";
    SettingLanguage => "Language", "Язык";
    SettingTheme => "Colours", "Цвета";
    ThemeDark => "for dark terminals", "для тёмного терминала";
    ThemeLight => "for light terminals", "для светлого терминала";
    ThemeNoColour => "none", "без цвета";
    SettingsKeys => "↑ ↓ · Enter changes · Esc", "↑ ↓ · Enter — изменить · Esc";
    HelpTitle => "Keys", "Клавиши";
    HelpEverywhere => "Everywhere", "Везде";
    HelpInList => "In the list of chats", "В списке чатов";
    HelpInTimeline => "Among the messages", "Среди сообщений";
    HelpInComposer => "While writing", "Когда пишете";
    HelpMouse => "With the mouse", "Мышью";
    HelpHelp => "this help", "эта справка";
    HelpFocus => "from part to part: chats, messages, writing", "между частями: чаты, сообщения, ввод";
    HelpNextChat => "next chat, previous chat", "следующий и предыдущий чат";
    HelpMembers => "about this chat: members, roles, title, mute", "об этом чате: участники, роли, название, звук";
    HelpSearch => "search", "поиск";
    HelpDevices => "your devices", "ваши устройства";
    HelpSettings => "name, language, colours", "имя, язык, цвета";
    HelpNew => "begin a chat, make a group", "начать чат, создать группу";
    HelpBack => "back", "назад";
    HelpQuit => "leave", "выйти";
    HelpOpen => "open a chat", "открыть чат";
    HelpArrange => "pin, mute, archive", "закрепить, без звука, в архив";
    HelpArchive => "archive and back", "архив и обратно";
    HelpRequest => "a request: accept, decline, block", "запрос: принять, отклонить, заблокировать";
    HelpSearchQuit => "search, leave", "поиск, выйти";
    HelpChoose => "choose a message; further up is earlier", "выбрать сообщение; выше — раньше";
    HelpEnds => "to the top, to the newest", "в начало, к новому";
    HelpReply => "answer", "ответить";
    HelpEditDelete => "change, delete", "изменить, удалить";
    HelpReact => "react", "реакция";
    HelpQuoted => "go to what is quoted, or answer", "к цитате или ответить";
    HelpUnsend => "take back what waits to be sent", "забрать то, что ждёт отправки";
    HelpSave => "fetch the files", "загрузить файлы";
    HelpSend => "send", "отправить";
    HelpNewLine => "a new line", "новая строка";
    HelpScroll => "to the messages, scroll", "к сообщениям, прокрутка";
    HelpErase => "erase a word, erase the line", "стереть слово, стереть строку";
    HelpClick => "click on a chat, a message, the title, the bottom line", "щелчок по чату, сообщению, названию, нижней строке";
    HelpWheel => "the wheel scrolls; Shift selects text as usual", "колесо прокручивает; Shift выделяет текст как обычно";
}

/// `NoSuchChat` as `no-such-chat`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_know_a_message_by_its_name() {
        assert_eq!(Message::NoSuchChat { chat: "x".to_owned() }.code(), "no-such-chat");
        assert_eq!(Message::Offline.code(), "offline");
    }

    #[test]
    fn languages_are_found_by_their_beginning() {
        assert_eq!(Language::named("ru_RU.UTF-8"), Language::Russian);
        assert_eq!(Language::named("C.UTF-8"), Language::English);
    }
}
