//! What stands on the full screen.

macro_rules! screen {
    ($($others:tt)*) => { catalogue! { $($others)*
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
    RequestKeys => "Let them in? a accept · d decline · b block", "Впустить? a принять · d отклонить · b блок";
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
    LineRenamed { by } => "{by} changed the title", "{by} меняет название";
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
    PickTitle => "Go to a chat", "Перейти в чат";
    ForwardTitle => "Forward to", "Переслать";
    PickKeys => "a part of the name · ↑ ↓ Enter · Esc", "часть названия · ↑ ↓ Enter · Esc";
    ForwardedTo { chat } => "Forwarded to {chat}.", "Переслано: {chat}.";
    AttachTitle => "Attach a file", "Прикрепить файл";
    AttachKeys => "Tab completes · ↑ ↓ Enter · Esc", "Tab дополняет · ↑ ↓ Enter · Esc";
    SaveTitle => "Save the files in", "Сохранить файлы в";
    SaveKeys => "a folder · Tab completes · ↑ ↓ Enter · Esc", "папка · Tab дополняет · ↑ ↓ Enter · Esc";
    StatusSignedOut =>
        "The server has ended this session. F6 signs in again; everything here is kept.",
        "Сервер завершил этот сеанс. F6 — войти снова; всё, что здесь есть, сохранено.";
    NothingFound => "Nothing found.", "Ничего не найдено.";
    GroupKeys => "v verify · a add · r remove · o next role · t rename · l leave · p pin · m mute · x archive · Esc", "v сверить · a добавить · r удалить · o роль · t название · l выйти · p закрепить · m звук · x архив · Esc";
    ChatKeys => "v verify · p pin · m mute · x archive · b block · Esc", "v сверить · p закрепить · m звук · x архив · b заблокировать · Esc";
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
    } };
}
