//! What commands say of what they did, and what they ask.

macro_rules! commands {
    ($($others:tt)*) => { catalogue! { $($others)*
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
    Forwarded => "forwarded", "переслано";
    Edited => "edited", "изменено";
    SavedChat => "Saved messages", "Сохранённое";
    GroupWithoutTitle => "Group", "Группа";
    Unopened => "(not opened yet)", "(ещё не открыт)";
    Somebody => "somebody", "кто-то";
    UnknownContent => "something that this version does not know", "что-то, чего эта версия не знает";
    RequestMark => "request", "запрос";
    UnreadMark { count } => "{count} unread", "непрочитано: {count}";
    MutedMark => "muted", "без звука";
    SignedOutNow =>
        "Signed out. Nothing is left here.",
        "Выход выполнен. Здесь ничего не осталось.";
    AskRecoveryWords => "Recovery words: ", "Слова восстановления: ";
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
    Verified => "Verified.", "Проверено.";
    VerifiedMark => "verified", "проверен";
    Listening { address, file } =>
        "listening on http://{address}, with the token in {file}",
        "слушает на http://{address}, ключ доступа в {file}";
    AuditDone { from, to, changes, head } =>
        "Nothing was taken back: heads {from} to {to}, changes of keys {changes}. Last head: {head}",
        "Ничего не отозвано: снимки с {from} по {to}, изменений ключей {changes}. Последний снимок: {head}";
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
    } };
}
