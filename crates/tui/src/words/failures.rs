//! What went wrong, and what to do about it; last, what was refused for safety.

macro_rules! failures {
    ($($others:tt)*) => { catalogue! { $($others)*
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
    TooManyFiles { max } =>
        "At most {max} files go with one message.",
        "С одним сообщением отправляется не больше {max} файлов.";
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
    Misused { why } => "{why}", "{why}";
    NotForwarded =>
        "Only what somebody has written or sent can be forwarded, and only while it stands.",
        "Переслать можно только то, что кто-то написал или прислал, и пока оно не удалено.";
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
    KeysRenewing { left } =>
        "A device was revoked: your account gets new keys. Chats that still have the old ones: {left}.",
        "Устройство отозвано: учётная запись получает новые ключи. Чатов со старыми ещё: {left}.";
    KeysDue =>
        "A revoked device may still know your account's keys. `sotto devices renew` makes new ones.",
        "Отозванное устройство, возможно, ещё знает ключи вашей учётной записи. Новые: `sotto devices renew`.";
    KeysBehind =>
        "Your account has new keys, which are not here yet. They come by themselves, or with `sotto devices renew`.",
        "У вашей учётной записи новые ключи, которых здесь ещё нет. Они придут сами или по команде `sotto devices renew`.";
    NoSuchDevice { device } =>
        "There is no device '{device}'. `sotto devices` lists them.",
        "Устройства «{device}» нет. Список: `sotto devices`.";
    NoGroup =>
        "This works in groups only.",
        "Это работает только в группах.";
    NotYours =>
        "That is somebody else's message.",
        "Это чужое сообщение.";
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
    NoNewKey { name } =>
        "@{name} has no new identity key to decide on.",
        "У @{name} нет нового ключа, о котором надо решать.";
    ProgramFailed { why } =>
        "The program did not answer: {why}.",
        "Программа не ответила: {why}.";
    NoAction { line } =>
        "This is no action: {line}",
        "Это не действие: {line}";
    BadWebhook { url } =>
        "'{url}' is no address for a webhook; it looks like http://127.0.0.1:9000/hook.",
        "«{url}» — не адрес для вебхука; он выглядит так: http://127.0.0.1:9000/hook.";
    WebhookAway { url, why } =>
        "{url} does not take the message yet ({why}); it is tried again.",
        "{url} пока не принимает сообщение ({why}); попытки повторяются.";
    WebhookRefused { status } =>
        "The webhook refused a message ({status}); it is passed over.",
        "Вебхук отверг сообщение ({status}); оно пропущено.";
    NotLoopback { address } =>
        "{address} can be reached from elsewhere, and what goes over it is not encrypted. Use an address of this machine, such as 127.0.0.1:8080.",
        "{address} доступен извне, а данные по нему идут без шифрования. Возьмите адрес этой машины, например 127.0.0.1:8080.";
    CannotListen { address, why } =>
        "Cannot listen on {address}: {why}.",
        "Не удаётся слушать на {address}: {why}.";
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
    NoRequest { chat } =>
        "'{chat}' is not a request. `sotto requests` lists them.",
        "«{chat}» — не запрос. Список: `sotto requests`.";
    NotAllowed =>
        "Your role in this chat does not allow that.",
        "Ваша роль в этом чате этого не позволяет.";
    OnlyOwner =>
        "You are the only owner of this group. Make somebody else an owner first, then leave.",
        "Вы единственный владелец этой группы. Сначала сделайте владельцем кого-то ещё, потом выходите.";
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
    KeyChanged { name } =>
        "The identity key of {name} is not the one that was known. Compare safety numbers (`sotto verify`) before you go on.",
        "Ключ {name} не тот, что был известен. Прежде чем продолжать, сверьте код безопасности (`sotto verify`).";
    BadVault =>
        "The vault that the server gave does not open, or is an old one. Nothing was changed; do not enter the password again before this is explained.",
        "Хранилище, которое дал сервер, не открывается или устарело. Ничего не изменено; не вводите пароль снова, пока это не выяснится.";
    WeakServer =>
        "The server asks for a weaker protection of the password than is safe. Nothing was sent.",
        "Сервер требует более слабой защиты пароля, чем допустимо. Ничего не отправлено.";
    } };
}
